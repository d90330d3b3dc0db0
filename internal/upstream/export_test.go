package upstream

import (
	"bytes"
	"io"
	"net"
)

// Stale reports whether an idle connection is good for no request.
func Stale(conn net.Conn) bool { return stale(conn) }

// Idle returns how many connections a pool keeps.
func (p *Pool) Idle() int {
	p.idle.mu.Lock()
	defer p.idle.mu.Unlock()
	return len(p.idle.conns)
}

// Age makes a pool's idle connections as old as it lets them become.
func (p *Pool) Age() {
	p.idle.mu.Lock()
	for _, c := range p.idle.conns {
		c.since = c.since.Add(-idleTimeout)
	}
	p.idle.mu.Unlock()
}

// Sweep closes what has been idle for too long.
func (p *Pool) Sweep() { p.idle.sweep() }

// Reading is what was read of an answer that came in one piece.
type Reading struct {
	Status int
	Head   Head
	Body   []byte
	Goes   bool // the connection goes on
	Left   int  // bytes behind the answer
}

// ReadAnswer reads an answer as from a connection that ends behind it.
func ReadAnswer(text []byte) (Reading, error) {
	from := &memory{in: bytes.NewReader(text)}
	c := newConn(from, from, &idle{})
	resp, err := c.receive()
	if err != nil {
		return Reading{}, err
	}
	r := Reading{Status: resp.Status, Head: bytes.Clone(resp.Head), Goes: !resp.last}
	r.Body, err = io.ReadAll(resp)
	r.Left = c.in.Buffered() + from.in.Len()
	return r, err
}

// memory is a connection to what is in memory.
type memory struct {
	net.Conn
	in *bytes.Reader
}

func (m *memory) Read(p []byte) (int, error) { return m.in.Read(p) }
