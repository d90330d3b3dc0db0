package state

import (
	"errors"
	"slices"
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// Errors of Drain and Return.
var (
	ErrNotListed = errors.New("it is in the list of servers no more")
	ErrEnding    = errors.New("it had nothing to do, and the owner's hook is ending it: it cannot be drained or returned any more")
)

// Drain takes a server out of rotation by an operator's word. It stays so whatever
// it says of itself, also when it is started again or leaves the list and comes back.
func (s *State) Drain(server *Server, now time.Time) (fx []Effect, err error) {
	s.mu.Lock()
	defer s.end(&fx)
	if err := s.takeOver(server); err != nil {
		return nil, err
	}
	s.drained[server.Name] = true
	s.drainHere(server, now)
	s.emit(Check{server})
	return nil, nil
}

// Return ends that. The server gets runs when a check finds it ready.
func (s *State) Return(server *Server) (fx []Effect, err error) {
	s.mu.Lock()
	defer s.end(&fx)
	if err := s.takeOver(server); err != nil {
		return nil, err
	}
	delete(s.drained, server.Name)
	s.emit(Check{server})
	return nil, nil
}

// takeOver makes a host that scales in the operator's, unless the hook is ending it
// already.
func (s *State) takeOver(server *Server) error {
	switch {
	case !s.member(server):
		return ErrNotListed
	case s.scalingIn[server.Name]:
		return ErrEnding
	}
	delete(s.scalingIn, server.Name)
	return nil
}

// BeginScaleIn takes a host out of rotation because it is to go, unless an operator
// has just drained it: then it is the operator's.
func (s *State) BeginScaleIn(name string, now time.Time) (fx []Effect) {
	s.mu.Lock()
	defer s.end(&fx)
	if server := s.byName(name); server != nil && !s.drained[name] {
		s.scalingIn[name] = false
		s.drainHere(server, now)
	}
	return nil
}

// CancelScaleIn gives a host work again that was to go, when a check finds it ready.
// One that an operator has drained stays so.
func (s *State) CancelScaleIn(name string) (fx []Effect) {
	s.mu.Lock()
	defer s.end(&fx)
	delete(s.scalingIn, name)
	if server := s.byName(name); server != nil {
		s.emit(Check{server})
	}
	return nil
}

// ConfirmScaleIn is asked before the hook ends a host; false if it is the operator's
// by now.
func (s *State) ConfirmScaleIn(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, still := s.scalingIn[name]
	if server := s.byName(name); still && server != nil {
		s.scalingIn[name], server.servesWhileDraining = true, false
	}
	return still
}

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
