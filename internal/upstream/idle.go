package upstream

import (
	"slices"
	"sync"
	"time"
)

// idle holds a pool's idle connections. It returns the most recently used one
// first, so that the others can expire.
type idle struct {
	mu    sync.Mutex // guards what follows, never held across I/O
	conns []*conn    // oldest first
	timer *time.Timer
}

// take returns a connection that is fit for a request, nil if there is none.
func (i *idle) take() *conn {
	for {
		i.mu.Lock()
		last := len(i.conns) - 1
		if last < 0 {
			i.mu.Unlock()
			return nil
		}
		c := i.conns[last]
		i.conns[last] = nil
		i.conns = i.conns[:last]
		i.mu.Unlock()
		if !c.stale() {
			return c
		}
		_ = c.net.Close()
	}
}

func (i *idle) put(c *conn) {
	c.since = time.Now()
	i.mu.Lock()
	full := len(i.conns) >= maxIdle
	if !full {
		i.conns = append(i.conns, c)
	}
	if i.timer == nil {
		i.timer = time.AfterFunc(idleTimeout, i.sweep)
	}
	i.mu.Unlock()
	if full {
		_ = c.net.Close()
	}
}

// sweep closes connections that were idle for too long and schedules itself for
// the rest.
func (i *idle) sweep() {
	i.mu.Lock()
	n := 0
	for n < len(i.conns) && time.Since(i.conns[n].since) >= idleTimeout {
		n++
	}
	old := slices.Clone(i.conns[:n])
	i.conns = slices.Delete(i.conns, 0, n)
	i.timer = nil
	if len(i.conns) > 0 {
		i.timer = time.AfterFunc(idleTimeout-time.Since(i.conns[0].since), i.sweep)
	}
	i.mu.Unlock()
	closeAll(old)
}

func (i *idle) clear() {
	i.mu.Lock()
	all := i.conns
	i.conns = nil
	i.mu.Unlock()
	closeAll(all)
}

func closeAll(conns []*conn) {
	for _, c := range conns {
		_ = c.net.Close()
	}
}
