package loadbalancer

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	// maxTries is how many servers are asked to start a run.
	maxTries = 3
	// maxPicks bounds the tries that a server's lost memory costs besides.
	maxPicks = 6
	// overdue is how long after a run's time is over its server may still say so.
	overdue = 25 * time.Millisecond
)

// flight is a run in flight.
type flight struct {
	b        *Balancer
	c        *call
	f        *function
	ctx      context.Context // ends with the run's time, its caller, or its cancelling
	cancel   context.CancelCauseFunc
	deadline time.Time  // zero: none was said
	dropping sync.Mutex // guards the end of what follows
	body     body
	request  hop.Request
	fields   [16]hop.Field // the request's header

	waiter *waiter // its place in the line; nil: it never waited
	placed bool    // a server was found while it waited

	sent  policy.Run
	why   policy.Why // it went where it did
	span  trace.Span // of the request to a server
	load  *loading   // the init that it waits for
	tried []*policy.Server
	ran   *backend // the last that may have started it

	on        *backend      // where it is; guarded by Balancer.mu
	waiting   bool          // for an init there; guarded by Balancer.mu
	cancelled bool          // guarded by Balancer.mu
	over      chan struct{} // closed at its end; nil: nobody waits for that; guarded by Balancer.mu
}

// run has one activation executed. Its body passes through as it came.
func (b *Balancer) run(c *call) error {
	o, err := c.Order(runtimespec.MaxTimeout)
	if err != nil {
		return err
	}
	if err := b.admission.enter(c.Tenant); err != nil {
		return b.counted(err)
	}
	defer b.admission.leave(c.Tenant)
	in, err := b.read(c, runBody, b.settings().MaxRunBody, min(o.Limit, b.settings().QueueWait))
	if err != nil {
		return err
	}
	r := &flight{b: b, c: c, body: in, span: c.Span}
	defer r.dropBody()
	if o.Said > 0 {
		r.deadline = c.Began.Add(o.Said)
	}
	ctx, cancel := context.WithTimeout(c.Context(), o.Limit+overdue)
	defer cancel()
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	defer r.cancel(nil)
	k := key{o.Tenant, o.Function}
	if o.Server != "" {
		return r.ask(k, o.Server)
	}
	first, err := b.enter(k, o.Lease, r)
	if err != nil {
		return err
	}
	if first != nil {
		return r.join(first)
	}
	defer b.exit(k, r)
	return b.counted(r.execute())
}

// dropBody ends the use of the run's body, once it is sent to nobody any more. A
// second call does nothing.
func (r *flight) dropBody() {
	r.dropping.Lock()
	defer r.dropping.Unlock()
	r.request.Body = nil
	r.body.release()
}

// execute has the run executed, if there is room for it in time.
func (r *flight) execute() error {
	for {
		err := r.offer()
		if err == nil || !r.b.mayWait(err) {
			return err
		}
		if err := r.wait(err); err != nil {
			return err
		}
	}
}

// offer sends the run to one server after another until one has it. Only a
// server that has certainly not started it is followed by another.
func (r *flight) offer() error {
	var last error
	for range maxPicks {
		if r.placed {
			r.placed = false
		} else if err := r.pick(); err != nil {
			if last == nil {
				last = err
			}
			return last
		}
		if r.load != nil {
			if again, err := r.await(); err != nil {
				if !again {
					return err
				}
				if last = hopeful(last, err); len(r.tried) >= maxTries {
					return last
				}
				continue
			}
		}
		again, err := r.attempt()
		if err == nil || !again {
			return err
		}
		if last = hopeful(last, err); len(r.tried) >= maxTries {
			return last
		}
	}
	return last
}

// hopeful is what a run comes to after two servers: the later refusal, unless the
// earlier is one that passes and the later is not.
func hopeful(earlier, later error) error {
	if passes(earlier) && !passes(later) {
		return earlier
	}
	return later
}

// await waits for the init that the run needs; again is whether another server
// may be asked.
func (r *flight) await() (again bool, err error) {
	l, s := r.load, r.on
	waiting := r.c.Span.Child("wait for init")
	waiting.Text("whiskaway.server", s.name)
	waiting.With(l.span)
	defer func() { r.waited(waiting, err) }()
	if err := l.wait(r.ctx); err != nil {
		r.finish(policy.Answer{Outcome: policy.Left}, "")
		return false, r.ended(runtimespec.Expired, "the time was over while the function was initialised at a server")
	}
	a := l.answer
	switch {
	case l.err == nil && a.ok():
		r.b.mu.Lock()
		r.waiting = false
		r.b.mu.Unlock()
		return false, nil
	case errors.Is(l.err, errNoCode):
		r.finish(policy.Answer{Outcome: policy.Refused}, "")
		return false, errUnknown()
	case errors.Is(l.err, hop.ErrNoHTTP):
		again, err = true, garbledUnsent(s, l.err)
	case l.err != nil:
		again, err = true, r.b.unplaced(s, l.err)
	default:
		again, err = a.elsewhere(), &Refusal{Reason: a.reason, Message: message(a.result), RetryAfter: a.retryAfter}
	}
	r.tried = append(r.tried, s.sched)
	r.finish(policy.Answer{Outcome: policy.Refused, RetryAfter: a.retryAfter}, "")
	return again, err
}
