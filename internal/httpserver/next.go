package httpserver

import "time"

// next waits for a request and reads its head. It returns the length of the
// head, 0 if the request is not a simple one.
func (c *conn) next() (int, bool) {
	if c.from == c.to {
		c.from, c.to = 0, 0
	}
	// The idle timeout need not be exact, and moving a deadline costs more than
	// checking whether it must be moved.
	if now := time.Now(); c.until.Sub(now) < c.server.IdleTimeout-c.server.IdleTimeout/10 {
		c.deadline(now.Add(c.server.IdleTimeout))
	}
	var over time.Time // when a closing server stops waiting
	if c.server.closing.Load() {
		c.lookAgain(&over)
	}
	for begun := c.to > c.from; ; {
		if end, simple := headEnd(c.buf[c.from:c.to]); end > 0 || !simple {
			c.setActive(true)
			return end, true
		}
		if !begun && c.to > c.from {
			begun = true
			c.deadline(time.Now().Add(c.server.HeaderTimeout))
		}
		if !c.room() {
			return 0, true
		}
		n, err := c.net.Read(c.buf[c.to:])
		c.to += n
		if n == 0 && err != nil && !(isDeadline(err) && c.lookAgain(&over)) {
			return 0, false
		}
	}
}

// lastLook is how long a closing server waits for a request that may be on its
// way: the sender could not tell whether the request was handled.
const lastLook = 5 * time.Millisecond

// lookAgain reports whether the server is closing and should go on waiting,
// until over.
func (c *conn) lookAgain(over *time.Time) bool {
	switch {
	case !c.server.closing.Load():
		return false
	case over.IsZero():
		*over = time.Now().Add(lastLook)
	case time.Now().After(*over):
		return false
	}
	c.deadline(*over)
	return true
}

// room makes room for more of a head, unless the head is too large.
func (c *conn) room() bool {
	if c.to < len(c.buf) {
		return true
	}
	size := len(c.buf)
	if c.from == 0 {
		size *= 2
	}
	if size > maxSimple {
		return false
	}
	grown := make([]byte, size)
	c.to = copy(grown, c.buf[c.from:c.to])
	c.buf, c.from = grown, 0
	return true
}

func (c *conn) deadline(at time.Time) {
	c.until = at
	_ = c.net.SetReadDeadline(at)
}
