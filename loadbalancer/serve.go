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
	f, fleet := r.f, r.b.fleet
	if now.Before(f.recall.again) {
		return false
	}
	if fleet.RelieveFree(f.sched); ended != nil {
		fleet.Relieve(f.sched, ended.sched)
	}
	choice := r.b.choose(f, nil, now)
	if choice.Server == nil || ended == nil && choice.Server.Load() >= choice.Server.Slots() {
		return false
	}
	r.call(choice, now)
	return true
}

// call ends the waiting of a run: a server was chosen for it. The caller holds mu
// and takes it out of the line.
func (r *flight) call(choice policy.Choice, now time.Time) {
	r.waiter.tries = false
	r.b.metrics.waited.Observe(now.Sub(r.waiter.since).Seconds())
	r.waiter.err = r.take(choice, now)
	close(r.waiter.called)
}

// left passes on what a run leaves at a server: its slot, or the free one that
// had it called and is none for its function. The caller holds mu.
func (r *flight) left(s *backend, o policy.Outcome, now time.Time) {
	switch o {
	case policy.Answered:
		r.f.recall.found()
		r.b.serve(now, s)
	case policy.Left:
		r.b.serve(now, s)
	case policy.Refused, policy.Failed:
		if r.waiter == nil {
			return
		}
		room := s.sched.Load() < s.sched.Slots()
		if room || r.waiter.tries || o == policy.Failed {
			r.f.recall.missed(now)
		}
		r.b.serve(now, nil)
	}
}
