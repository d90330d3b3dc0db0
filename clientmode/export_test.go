package clientmode

import (
	"context"
	"net"
	"strings"
	"sync/atomic"

	"github.com/whiskaway/whiskaway/internal/hop"
)

// Target is what main@url names and whether its address is asked about when it
// is connected to.
func Target(main, allow string) (target string, asked bool, err error) {
	a, err := parseAllowList(strings.Split(allow, ","))
	if err != nil {
		return "", false, err
	}
	target, guard, _, err := a.target(main)
	return target, guard != nil, err
}

// Guard asks whether an address may be connected to for a name.
func Guard(name, allow, address string) error {
	a, err := parseAllowList(strings.Split(allow, ","))
	if err != nil {
		return err
	}
	_, guard, _, err := a.target("main@" + name)
	if err != nil {
		return err
	}
	return guard(address)
}

// Waiting is how many callers wait for the init in flight or for runs.
func (c *Client) Waiting() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.starting != nil {
		n += c.starting.callers
	}
	for _, run := range c.running {
		n += run.callers
	}
	return n
}

// Running is how many runs are in flight, also when nobody waits for them.
func (c *Client) Running() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.inFlight
}

// Rejoined is how many runs wait for a re-init that another one does.
func (c *Client) Rejoined() int {
	c.mu.Lock()
	f := c.function
	c.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.redo == nil {
		return 0
	}
	return f.redo.joined
}

// Accepts reports whether the client's address takes connections.
func (c *Client) Accepts() bool {
	conn, err := net.Dial("tcp", c.Addr())
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

// counted is an upstream that counts what failed there.
type counted struct {
	Upstream
	failed atomic.Int64
}

func (u *counted) Send(ctx context.Context, r *hop.Request) (*hop.Response, error) {
	resp, err := u.Upstream.Send(ctx, r)
	if err != nil {
		u.failed.Add(1)
	}
	return resp, err
}

// CountFailed counts the requests to the operator's server that fail from now on.
func (c *Client) CountFailed() *atomic.Int64 {
	u := &counted{Upstream: c.fixed}
	c.fixed = u
	return &u.failed
}
