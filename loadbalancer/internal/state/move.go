package state

import (
	"slices"
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// move is of a function away from a server that was drained here. While the function
// is initialised elsewhere the server, which is well, still gets its runs: they would
// wait for the init otherwise.
type move struct {
	from  *Server
	until time.Time
}

// drainHere takes a server out of rotation that is parked from now on, and moves the
// functions that only it has.
func (s *State) drainHere(server *Server, now time.Time) {
	server.servesWhileDraining = server.servesWhileDraining || server.sched.InRotation()
	s.fleet.Drain(server.sched, now)
	if !server.servesWhileDraining {
		return // its functions were moved when it went out of rotation, or could not be asked for
	}
	until := now.Add(s.settings.InitTimeout)
	for _, f := range s.functions {
		if f.recipe == nil || f.sched.On(server.sched) != policy.Ready && f.move == nil {
			continue
		}
		if to := s.fleet.Relocate(f.sched, now); to != nil {
			s.startBackgroundInit(f, to, now)
		}
		if f.move == nil && f.onItsWay() {
			f.move = &move{from: server, until: until}
		}
	}
}

// onItsWay reports whether an init of the function is in flight at a server in
// rotation, and the function is ready at none.
func (f *Function) onItsWay() (started bool) {
	for _, c := range f.sched.Copies() {
		if c.Server().InRotation() {
			if c.State() == policy.Ready {
				return false
			}
			started = true
		}
	}
	return started
}

// moves reports whether the function still has its runs where it is moved from.
func (f *Function) moves(now time.Time) bool {
	m := f.move
	return m != nil && m.from.servesWhileDraining && now.Before(m.until) && f.sched.On(m.from.sched) == policy.Ready
}

// endMove ends a move after an init, well or not, unless another is in flight: where
// the function was to go may have been drained since.
func (f *Function) endMove() {
	if f.move != nil && !f.onItsWay() {
		f.move = nil
	}
}

// stay is where a run of a function goes that is being moved: to a server that has it
// ready, and if no other has, to the one that it is moved from.
func (f *Function) stay(elsewhere policy.Choice, tried []*policy.Server, now time.Time) policy.Choice {
	if !f.moves(now) {
		f.move = nil
		return elsewhere
	}
	from := f.move.from.sched
	if elsewhere.Server != nil && f.sched.On(elsewhere.Server) == policy.Ready || slices.Contains(tried, from) {
		return elsewhere
	}
	return policy.Choice{Server: from, Why: policy.Warm}
}
