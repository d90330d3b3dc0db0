package hop

import "net"

// Stale reports whether an idle connection is good for no request.
func Stale(conn net.Conn) bool { return stale(conn) }

// Idle is how many connections a pool keeps.
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
