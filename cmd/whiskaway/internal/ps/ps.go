// Package ps is the command that lists a server's functions and a balancer's
// servers. It prints tables or JSON.
package ps

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/target"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Command lists functions and servers.
type Command struct {
	target.Admin `embed:""`
	Balancer     bool   `help:"It is a balancer: show its servers, too."`
	Tenant       string `help:"Only this tenant's functions; the token must be allowed to delegate. Without, such a token shows all tenants'."`
	JSON         bool   `name:"json" help:"Print the answer as JSON."`
}

// Run prints the functions of a server, and a balancer's servers.
func (c *Command) Run() error {
	expected := target.Server
	if c.Balancer {
		expected = target.Balancer
	}
	if err := c.Resolve(expected); err != nil {
		return err
	}
	body, err := c.Ask(http.MethodGet, runtimespec.PathFunctions, c.Tenant)
	if err != nil {
		return err
	}
	var list struct{ Functions *[]listed }
	if err := json.Unmarshal(body, &list); err != nil || list.Functions == nil {
		return fmt.Errorf("what %s answered is no list of functions: is it %s?", c.Server, c.Peer.What)
	}
	var servers target.ServerList
	if c.Balancer {
		if servers, err = c.Servers(); err != nil {
			return err
		}
	}
	if c.JSON {
		return c.printJSON(body, servers.Raw)
	}
	if c.Balancer {
		if err := printServers(os.Stdout, *servers.Servers); err != nil {
			return err
		}
		fmt.Println()
	}
	if len(*list.Functions) == 0 {
		fmt.Printf("%s has no functions%s.\n", c.Server, c.ofTenant())
		return nil
	}
	return printFunctions(os.Stdout, *list.Functions)
}

// printJSON prints one object: the server's answer, joined with the balancer's
// list of servers.
func (c *Command) printJSON(functions, servers []byte) error {
	if servers != nil {
		all := map[string]json.RawMessage{}
		for _, body := range [][]byte{servers, functions} {
			if err := json.Unmarshal(body, &all); err != nil {
				return err
			}
		}
		var err error
		if functions, err = json.Marshal(all); err != nil {
			return err
		}
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, functions, "", "  "); err != nil {
		return err
	}
	fmt.Println(pretty.String())
	return nil
}

func (c *Command) ofTenant() string {
	if c.Tenant == "" {
		return ""
	}
	return " of tenant " + c.Tenant
}
