// Package tasks is goroutines that belong to a service and to no request of it.
package tasks

import (
	"context"
	"sync"
)

// Group is such goroutines. Their context ends with the group.
type Group struct {
	context.Context
	end context.CancelFunc
	all sync.WaitGroup

	mu     sync.Mutex // guards what follows
	closed bool
}

// New returns a group that has none.
func New() *Group {
	g := &Group{}
	g.Context, g.end = context.WithCancel(context.Background())
	return g
}

// Go has something done by a goroutine of its own. After Close it is done at once:
// its context has ended, and so it ends.
func (g *Group) Go(do func()) {
	g.mu.Lock()
	if !g.closed {
		g.all.Go(do)
		do = nil
	}
	g.mu.Unlock()
	if do != nil {
		do()
	}
}

// Close ends the context, and waits until all have ended.
func (g *Group) Close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.end()
	g.all.Wait()
}
