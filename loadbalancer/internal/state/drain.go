package state

import (
	"errors"
	"time"
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
