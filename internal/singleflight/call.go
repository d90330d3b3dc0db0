package singleflight

import (
	"context"
	"sync"
)

// Call is one piece of work and the callers that wait for it. Begin makes it
// ready for use.
type Call[V any] struct {
	done      chan struct{} // closed when the fields below are set
	value     V
	err       error
	abandoned bool   // it failed after its callers had left, which means nothing to other callers
	crashed   *crash // nil: it did not panic

	mu      sync.Mutex // guards what follows
	waiters int
	last    func()
}

// Begin makes the call ready, with one waiter. last, unless nil, is called when
// the last waiter leaves before the work has ended.
func (c *Call[V]) Begin(last func()) {
	c.done, c.waiters, c.last = make(chan struct{}), 1, last
}

// Join adds a waiter.
func (c *Call[V]) Join() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiters++
}

// Leave removes a waiter that did not wait for the end.
func (c *Call[V]) Leave() {
	c.mu.Lock()
	c.waiters--
	last := c.last
	if c.waiters > 0 {
		last = nil
	}
	c.mu.Unlock()
	if last != nil {
		last()
	}
}

// Waiters returns how many callers wait for the end, or waited until it came.
func (c *Call[V]) Waiters() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiters
}

// End sets the outcome, once, and wakes the waiters. It returns how many there
// were.
func (c *Call[V]) End(value V, err error) (waiters int) {
	c.value, c.err = value, err
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = nil // the work has ended: there is nothing left to cancel
	close(c.done)
	return c.waiters
}

// Done returns a channel that is closed when the work has ended.
func (c *Call[V]) Done() <-chan struct{} { return c.done }

// Wait waits for the end. If ctx ends first, the waiter leaves and Wait returns
// the cause.
func (c *Call[V]) Wait(ctx context.Context) error {
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-c.done: // both at once: the outcome is there
		return nil
	default:
		c.Leave()
		return context.Cause(ctx)
	}
}

// Outcome returns the result of the work, which must have ended.
func (c *Call[V]) Outcome() (V, error) { return c.value, c.err }
