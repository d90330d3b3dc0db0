package loadbalancer

import (
	"context"
	"errors"
	"time"

	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// flightKey names a run in flight.
type flightKey struct {
	key
	activation string
}

// enter finds the function and records the run, so that it can be cancelled. Of
// two with the same id the second gets the first.
func (b *Balancer) enter(k key, lease string, r *flight) (first *flight, err error) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.functions[k]
	if f == nil {
		return nil, errUnknown()
	}
	b.use(f, lease, now)
	r.c.Span.Text("faas.name", f.name)
	r.f = f
	if id := r.c.HeaderValue(runtimespec.HeaderActivation); id != "" {
		at := flightKey{k, id}
		if first = b.flights[at]; first != nil {
			if first.over == nil {
				first.over = make(chan struct{})
			}
			return first, nil
		}
		b.flights[at] = r
	}
	return nil, nil
}

func (b *Balancer) exit(k key, r *flight) {
	id := r.c.HeaderValue(runtimespec.HeaderActivation)
	if id == "" {
		return
	}
	b.mu.Lock()
	delete(b.flights, flightKey{k, id})
	over := r.over
	b.mu.Unlock()
	if over != nil {
		close(over)
	}
}

// ended is the outcome of a run whose time, or caller, is gone.
func (r *flight) ended(reason runtimespec.Reason, text string) error {
	switch {
	case errors.Is(context.Cause(r.ctx), errCancelled):
		return refusal(runtimespec.Cancelled, "the activation was cancelled before it was sent to a server")
	case r.c.Context().Err() != nil:
		return endpoint.ErrLeft
	}
	return refusal(reason, "%s", text)
}

var errCancelled = errors.New("the caller cancelled it")
