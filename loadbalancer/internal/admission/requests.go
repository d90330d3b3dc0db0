// Package admission bounds what a balancer takes on: requests in flight, and what
// their bodies weigh. Both are shared by tenants so that one that floods the balancer
// leaves room for the others.
package admission

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Requests bounds the requests in flight. A tenant that is alone may have all places;
// of several, one may have as many as are left, so that one that floods the balancer
// gets half of them and a new one always finds one.
type Requests struct {
	Max atomic.Int64

	mu      sync.Mutex // guards what follows
	total   int
	tenants map[string]int // those that have any
	closed  bool
	empty   chan struct{} // closed when the last has left after closed
}

// Enter takes a place; Leave gives it back.
func (a *Requests) Enter(tenant string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return refusal.New(runtimespec.Draining, "the balancer is about to end")
	}
	left := int(a.Max.Load()) - a.total
	mine := a.tenants[tenant]
	alone := len(a.tenants) == 0 || len(a.tenants) == 1 && mine > 0
	if left <= 0 || !alone && mine >= left {
		return &refusal.Refusal{Reason: runtimespec.Saturated, Message: "the balancer has as many requests in flight as it may", RetryAfter: time.Second}
	}
	if a.tenants == nil {
		a.tenants = map[string]int{}
	}
	a.tenants[tenant] = mine + 1
	a.total++
	return nil
}

// Leave gives a place back.
func (a *Requests) Leave(tenant string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tenants[tenant]--; a.tenants[tenant] == 0 {
		delete(a.tenants, tenant)
	}
	if a.total--; a.total == 0 && a.empty != nil {
		close(a.empty)
		a.empty = nil
	}
}

// InFlight is how many have a place.
func (a *Requests) InFlight() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.total
}

// Draining reports whether nothing is admitted any more.
func (a *Requests) Draining() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.closed
}

// Drain admits nothing any more and waits until all have left or ctx ends.
func (a *Requests) Drain(ctx context.Context) error {
	a.mu.Lock()
	a.closed = true
	if a.total == 0 {
		a.mu.Unlock()
		return nil
	}
	empty := make(chan struct{})
	a.empty = empty
	a.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
