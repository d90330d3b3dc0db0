package httpserver

import (
	"net"
	"time"
)

// watchAfter is how long a request runs before its caller is watched.
const watchAfter = 10 * time.Millisecond

// beginWatch makes the request's context end when the caller hangs up. A watch
// costs a read and a goroutine, so it starts late: most runs have ended by
// then.
func (c *conn) beginWatch(of *exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current = of
	if c.timer == nil {
		c.timer = time.AfterFunc(watchAfter, c.watch)
	} else {
		c.timer.Reset(watchAfter)
	}
}

// watch reads from the connection while the handler works. The watch ends if
// the caller already sends its next request.
func (c *conn) watch() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.current == nil || c.watching != nil:
		return
	case c.current.body.left.Load() > 0: // the handler reads
		c.timer.Reset(watchAfter)
		return
	case c.from < c.to || c.to == len(c.buf) && c.from == 0:
		return
	}
	c.watching = make(chan struct{})
	_ = c.net.SetReadDeadline(time.Time{})
	go c.lookout(c.current, c.watching)
}

func (c *conn) lookout(of *exchange, done chan<- struct{}) {
	defer close(done)
	c.from, c.to = 0, 0
	n, err := c.net.Read(c.buf)
	c.to = n
	if n == 0 && err != nil && !isDeadline(err) {
		of.context.cancel()
	}
}

// endWatch stops the watch and restores the connection's deadlines.
func (c *conn) endWatch() {
	c.mu.Lock()
	c.timer.Stop()
	c.current = nil
	watching := c.watching
	c.watching = nil
	c.mu.Unlock()
	if watching != nil {
		_ = c.net.SetReadDeadline(time.Unix(1, 0))
		<-watching
		c.deadline(time.Now().Add(c.server.IdleTimeout))
	}
}

// during calls do unless the handler of the request has returned. do must not
// wait for the connection.
func (c *conn) during(of *exchange, do func(net.Conn) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != of {
		return errOver
	}
	return do(c.net)
}
