package loadbalancer

import (
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// maxLook bounds the functions that are looked at for one free slot.
const maxLook = 32

// serve gives what has become free to the runs that wait, in turn. One of them
// gets the slot in which a run has ended, if that is what happened, others what
// else is known to be free. The caller holds mu.
func (b *Balancer) serve(now time.Time, ended *backend) {
	for b.line.Len() > 0 && b.line.Next(maxLook, func(r *flight) bool { return r.offered(now, ended) }) {
		ended = nil
	}
}

// offered calls a run if there is a server for it: one with a free slot, or any
// after a run has ended at one. The caller holds mu.
func (r *flight) offered(now time.Time, ended *backend) bool {
	if now.Before(r.f.again) {
		return false
	}
	if ended != nil {
		r.b.fleet.Relieve(r.f.sched, ended.sched)
	}
	choice := r.b.choose(r.f, nil, now)
	if choice.Server == nil || ended == nil && choice.Server.Load() >= choice.Server.Slots() {
		return false
	}
	r.call(choice, now)
	return true
}

// call ends the waiting of a run: a server was chosen for it. The caller holds mu
// and takes it out of the line.
func (r *flight) call(choice policy.Choice, now time.Time) {
	r.b.metrics.waited.Observe(now.Sub(r.waiter.since).Seconds())
	r.waiter.err = r.take(choice, now)
	close(r.waiter.called)
}

// left passes on what a run leaves at a server: its slot, or the room that had
// it called and was none for its function. The caller holds mu.
func (r *flight) left(s *backend, o policy.Outcome, now time.Time) {
	switch o {
	case policy.Answered:
		r.f.misses, r.f.again = 0, time.Time{}
		r.b.serve(now, s)
	case policy.Left:
		r.b.serve(now, s)
	case policy.Refused, policy.Failed:
		if r.waiter == nil {
			return
		}
		if r.f.missed(now); o == policy.Refused {
			r.b.serve(now, s)
		}
	}
}

// mostPause bounds the time between two calls for a function in vain.
const mostPause = time.Second

// missed makes the pause before the next call longer: servers that seem to have
// room have none for this function.
func (f *function) missed(now time.Time) {
	f.again = now.Add(min(mostPause, leastRetry<<min(f.misses, 10)))
	f.misses++
}

// recall has the first that waits for a function called when the servers'
// refusals are over: nothing else may tell of that. The caller holds mu.
func (b *Balancer) recall(f *function, now time.Time) {
	at := f.sched.FullUntil(now)
	if f.again.After(at) {
		at = f.again
	}
	if f.recalled || !at.After(now) || b.line.Waiting(f) == 0 {
		return
	}
	f.recalled = true
	time.AfterFunc(at.Sub(now), func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		f.recalled = false
		if b.base.Err() != nil {
			return
		}
		now := time.Now()
		b.line.First(f, func(r *flight) bool {
			choice := b.choose(f, nil, now)
			if choice.Server != nil {
				r.call(choice, now)
			}
			return choice.Server != nil
		})
		b.recall(f, now)
	})
}
