package clientmode

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/whiskaway/whiskaway/internal/upstream"
)

// Waiting returns how many callers wait for the init in flight or for runs.
func (c *Client) Waiting() (n int) {
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	if c.state.starting != nil {
		n += c.state.starting.Waiters()
	}
	for _, run := range c.state.running {
		n += run.Waiters()
	}
	return n
}

// Running returns how many runs are in flight, also those without a caller.
func (c *Client) Running() int {
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	return c.state.inFlight
}

// Rejoined returns how many runs wait for a re-init that another one does.
func (c *Client) Rejoined() int {
	c.state.mu.Lock()
	f := c.state.function
	c.state.mu.Unlock()
	return max(f.reinit.Waiters()-1, 0)
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
	sender
	failed atomic.Int64
}

func (u *counted) Send(ctx context.Context, r *upstream.Request) (*upstream.Response, error) {
	resp, err := u.sender.Send(ctx, r)
	if err != nil {
		u.failed.Add(1)
	}
	return resp, err
}

// CountFailed counts the requests to the operator's server that fail from now on.
func (c *Client) CountFailed() *atomic.Int64 {
	u := &counted{sender: c.fixed}
	c.fixed = u
	return &u.failed
}
