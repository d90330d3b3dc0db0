package loadbalancer

import (
	"errors"
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// errNobody is when no server may take a request now.
func errNobody() error {
	return refusal(runtimespec.Saturated, "no server can take it now: all are busy, ending or away")
}

// counted is err, and counts a request that found no room.
func (b *Balancer) counted(err error) error {
	if err == nil {
		return nil // before anything is allocated
	}
	var r *Refusal
	if errors.As(err, &r) && r.Reason == runtimespec.Saturated {
		b.noRoom.Add(1)
	}
	return err
}

// errCancelledUnsent is for a run that was cancelled in time.
func errCancelledUnsent() error {
	return refusal(runtimespec.Cancelled, "the activation was cancelled before a server started it")
}

// errUnknown has the caller initialise the function: the balancer cannot.
func errUnknown() error {
	return refusal(runtimespec.UnknownFunction, "the balancer does not know this function, or no longer how to initialise it")
}

// pick chooses who gets a run, and counts it there at once. An init that the run
// has to wait for is begun.
func (r *flight) pick() error {
	b, f, now := r.b, r.f, time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.line.Len() > 0 && r.waiter == nil && b.line.Waiting(f) > 0 {
		return errNobody() // others of its function came before
	}
	choice := b.choose(f, r.tried, now)
	if choice.Server == nil {
		return errNobody()
	}
	return r.take(choice, now)
}

// take counts a run at the server that was chosen for it; the caller holds mu.
func (r *flight) take(choice policy.Choice, now time.Time) error {
	b, f := r.b, r.f
	if r.cancelled {
		return errCancelledUnsent()
	}
	s := b.backends[choice.Server]
	r.load = nil
	if f.sched.On(choice.Server) != policy.Ready {
		if r.load = b.begin(f, s, r.c, now); r.load == nil {
			return errUnknown()
		}
	}
	b.metrics.picked(choice.Why)
	r.why = choice.Why
	r.on, r.waiting = s, r.load != nil
	r.sent = b.fleet.Sent(f.sched, choice.Server, now)
	if more := b.fleet.ScaleOut(f.sched, choice, now); more != nil {
		b.begun(f, b.backends[more], now)
	}
	return nil
}

// choose asks the policy. What cannot be initialised from here goes where it is
// ready, whatever the policy says; the caller holds mu.
func (b *Balancer) choose(f *function, tried []*policy.Server, now time.Time) policy.Choice {
	request := policy.Request{Function: f.sched, Tried: tried}
	choice := b.fleet.Pick(b.policy, request, now, b.rng)
	if f.moving != nil {
		choice = f.stay(choice, tried, now)
	}
	if f.recipe != nil || choice.Server == nil || f.sched.On(choice.Server) != policy.Absent {
		return choice
	}
	for _, c := range f.sched.Copies() {
		if c.State() == policy.Ready && b.fleet.Takes(c.Server(), request, now, b.rng) {
			return policy.Choice{Server: c.Server(), Why: policy.Warm}
		}
	}
	return choice
}

// finish ends what pick has begun: with the run's outcome, and the load report
// that came with it, if any.
func (r *flight) finish(a policy.Answer, load string) {
	now := time.Now()
	b := r.b
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fleet.Done(r.sent, a, now)
	r.on.runs[a.Outcome]++
	b.reportLocked(r.on, load, now)
	if r.waiter != nil || b.line.Len() > 0 {
		r.left(r.on, a.Outcome, now)
	}
	r.on = nil
}

// reported takes in the load report of an answer's head.
func (b *Balancer) reported(s *backend, load string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.reportLocked(s, load, now)
	b.serve(now, nil)
}

// reportLocked passes a load report on, unless it makes no sense; the caller
// holds mu.
func (b *Balancer) reportLocked(s *backend, load string, now time.Time) {
	if l, err := runtimespec.ParseLoad(load); err == nil {
		b.report(s, l, now)
	}
}

// report passes a load report on; the caller holds mu.
func (b *Balancer) report(s *backend, l runtimespec.Load, now time.Time) {
	if l.Changes != 0 && l.Changes != s.changes && s.id != "" {
		b.keepListed(s, l.Changes, now)
	}
	b.fleet.Report(s.sched, policy.Load{InFlight: l.InFlight, Slots: l.Slots, Queued: l.Queued}, now)
}
