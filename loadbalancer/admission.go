package loadbalancer

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// admission bounds the requests in flight. A tenant that is alone may have all
// places; of several, one may have as many as are left, so that who floods the
// balancer gets half of them and who comes anew always finds one.
type admission struct {
	max atomic.Int64

	mu      sync.Mutex // guards what follows
	total   int
	tenants map[string]int // those that have any
	closed  bool
	empty   chan struct{} // closed when the last has left after closed
}

// enter takes a place; leave gives it back.
func (a *admission) enter(tenant string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return refusal.New(runtimespec.Draining, "the balancer is about to end")
	}
	left := int(a.max.Load()) - a.total
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

func (a *admission) leave(tenant string) {
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

// inFlight is how many have a place.
func (a *admission) inFlight() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.total
}

func (a *admission) draining() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.closed
}

// drain lets nobody in any more and waits until all have left or ctx ends.
func (a *admission) drain(ctx context.Context) error {
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

// countSaturated returns err, and counts a request that found no room.
func (b *Balancer) countSaturated(err error) error {
	var r *refusal.Refusal
	if errors.As(err, &r) && r.Reason == runtimespec.Saturated {
		b.saturated.Add(1)
	}
	return err
}
