package loadbalancer

import (
	"slices"
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// move is of a function away from a server that was drained here. While it is
// loaded elsewhere the server, which is well, still gets its runs: they would
// wait for the init otherwise.
type move struct {
	from  *backend
	until time.Time
}

// drainHere takes a server out that is parked from now on, and moves what only it
// has. The caller holds mu.
func (b *Balancer) drainHere(s *backend, now time.Time) {
	s.willing = s.willing || isIn(s.sched)
	b.fleet.Drain(s.sched, now)
	if !s.willing {
		return // what it has was moved when it went out, or could not be asked for
	}
	until := now.Add(b.settings().InitTimeout)
	for _, f := range b.functions {
		if f.recipe == nil || f.sched.On(s.sched) != policy.Ready && f.moving == nil {
			continue
		}
		if to := b.fleet.Relocate(f.sched, now); to != nil {
			b.begun(f, b.backends[to], now)
		}
		if f.moving == nil && f.onItsWay() {
			f.moving = &move{from: s, until: until}
		}
	}
}

// onItsWay is whether the function is being loaded at a server that gets runs,
// and ready at none. The caller holds mu.
func (f *function) onItsWay() (loading bool) {
	for _, c := range f.sched.Copies() {
		if isIn(c.Server()) {
			if c.State() == policy.Ready {
				return false
			}
			loading = true
		}
	}
	return loading
}

// moves is whether the function still has its runs where it is moved from. The
// caller holds mu.
func (f *function) moves(now time.Time) bool {
	m := f.moving
	return m != nil && m.from.willing && now.Before(m.until) && f.sched.On(m.from.sched) == policy.Ready
}

// moved ends a move after a load, well or not, unless another is under way: where
// it was to go may have been drained since. The caller holds mu.
func (f *function) moved() {
	if f.moving != nil && !f.onItsWay() {
		f.moving = nil
	}
}

// stay is where a run goes whose function is being moved: to a server that has
// it ready, and if no other has, to the one that it is moved from. The caller
// holds mu.
func (f *function) stay(elsewhere policy.Choice, tried []*policy.Server, now time.Time) policy.Choice {
	if !f.moves(now) {
		f.moving = nil
		return elsewhere
	}
	from := f.moving.from.sched
	if elsewhere.Server != nil && f.sched.On(elsewhere.Server) == policy.Ready || slices.Contains(tried, from) {
		return elsewhere
	}
	return policy.Choice{Server: from, Why: policy.Warm}
}
