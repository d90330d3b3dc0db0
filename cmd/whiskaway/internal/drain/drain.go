// Package drain is the two commands that take a server out of a balancer's
// rotation and back. Drain waits until the server's functions are ready
// elsewhere and its runs have ended.
package drain

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/output"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/target"
)

// Command drains a server.
type Command struct {
	Name         string `arg:"" help:"The server: its name in the balancer's list, or HOST or HOST:PORT where one server is meant by that."`
	target.Admin `embed:""`
	Wait         time.Duration `default:"1m" help:"Time for functions to be initialised elsewhere and for the balancer's runs there to end; 0: do not wait."`
}

// Return puts a drained server back into rotation.
type Return struct {
	Name         string `arg:"" help:"The server, named as for drain."`
	target.Admin `embed:""`
}

// Validate reports usage errors before Run.
func (c *Command) Validate() error {
	if c.Wait < 0 {
		return fmt.Errorf("--wait must be a time such as 1m, or 0, not %s", c.Wait)
	}
	return c.Admin.Validate()
}

// Run drains a server: the balancer sends it no new work. It waits until its
// functions are ready elsewhere and the balancer's runs there have ended.
func (c *Command) Run() error {
	s, err := change(&c.Admin, c.Name, "drain")
	if err != nil {
		return err
	}
	for until := time.Now().Add(c.Wait); s.Sent+s.Moving > 0 && c.Wait > 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(until) {
			return fmt.Errorf("%s gets no new functions, but %s after %s: --wait waits longer", output.Printable(s.Server), remaining(s), c.Wait)
		}
		if s, err = status(&c.Admin, s); err != nil {
			return err
		}
	}
	if s.Sent+s.Moving > 0 {
		fmt.Printf("%s gets no new functions; %s.\n", output.Printable(s.Server), remaining(s))
		return nil
	}
	fmt.Printf("%s is drained: %s sends it no new runs, and none of %[2]s's are in flight there.\n", output.Printable(s.Server), c.Server)
	return nil
}

// Run puts a drained server back into rotation.
func (c *Return) Run() error {
	s, err := change(&c.Admin, c.Name, "return")
	if err != nil {
		return err
	}
	fmt.Printf("%s gets runs again when %s finds it ready.\n", output.Printable(s.Server), c.Server)
	return nil
}

// remaining describes what a drained server still has to do.
func remaining(s target.ServerStatus) string {
	return fmt.Sprintf("%d runs in flight, %d functions not yet ready elsewhere", s.Sent, s.Moving)
}

// status returns the server's current status.
func status(a *target.Admin, s target.ServerStatus) (target.ServerStatus, error) {
	list, err := a.Servers()
	if err != nil {
		return s, err
	}
	for _, now := range *list.Servers {
		if now.Server == s.Server {
			return now, nil
		}
	}
	return s, fmt.Errorf("%s has left the servers of %s", output.Printable(s.Server), a.Server)
}

// change drains or returns a server, and returns its new status.
func change(a *target.Admin, server, what string) (s target.ServerStatus, err error) {
	if err := a.Resolve(target.Balancer); err != nil {
		return s, err
	}
	body, err := a.Ask(http.MethodPost, "/servers/"+url.PathEscape(server)+"/"+what, "")
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(body, &s); err != nil || s.Server == "" {
		return s, fmt.Errorf("what %s answered does not tell of a server: is it a Whiskaway balancer?", a.Server)
	}
	return s, nil
}
