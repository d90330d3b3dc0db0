package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

type psCommand struct {
	Server    string        `default:"http://127.0.0.1:9000" env:"WHISKAWAY_SERVER" help:"URL of the server."`
	TokenFile string        `type:"path" env:"WHISKAWAY_TOKEN_FILE" help:"Bearer token for it."`
	CAFile    string        `type:"path" env:"WHISKAWAY_CA_FILE" help:"Certificates to trust, PEM."`
	Tenant    string        `help:"Only this tenant's functions; the token must be allowed to delegate. Without, such a token shows all tenants'."`
	JSON      bool          `name:"json" help:"Print what the server answers."`
	Limit     time.Duration `default:"10s" help:"Time to wait for the answer."`
}

// Run prints what a server holds.
func (c *psCommand) Run() error {
	body, err := c.fetch()
	if err != nil {
		return err
	}
	var list struct{ Functions *[]listed }
	if err := json.Unmarshal(body, &list); err != nil || list.Functions == nil {
		return fmt.Errorf("what %s answered is no list of functions: is it a Whiskaway server?", c.Server)
	}
	if c.JSON {
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, body, "", "  "); err != nil {
			return err
		}
		fmt.Println(pretty.String())
		return nil
	}
	if len(*list.Functions) == 0 {
		fmt.Printf("%s holds no functions%s.\n", c.Server, c.ofWhom())
		return nil
	}
	return printFunctions(os.Stdout, *list.Functions)
}

func (c *psCommand) ofWhom() string {
	if c.Tenant == "" {
		return ""
	}
	return " of tenant " + c.Tenant
}
