package state

import (
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// Inventory is the functions that a server says it has.
type Inventory map[Key]Held

// Held is a function that a server has.
type Held struct {
	Action string // its name, for operators
	Cold   bool   // it has no process there
}

// Identified takes in which process answers, another than before, and its inventory,
// as of when it was asked: nothing is left of the one before. ok is false for a
// server that is no member any more.
func (s *State) Identified(server *Server, incarnation string, changes int, all Inventory, asked, now time.Time) (added int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.member(server) {
		return 0, false
	}
	if server.incarnation != "" {
		for _, f := range s.functions {
			if f.sched.On(server.sched) == policy.Ready {
				s.fleet.Absent(f.sched, server.sched, asked)
			}
		}
		delete(s.routes, server.incarnation)
		server.servesWhileDraining = false
	}
	server.awaitingReady = true
	server.incarnation, server.changes = incarnation, changes
	s.routes[incarnation] = server
	added, _ = s.takeIn(server, all, asked, now)
	return added, true
}

// InventoryRead takes in the inventory that an incarnation told when it was asked. ok
// is false if another process answers there by now.
func (s *State) InventoryRead(server *Server, incarnation string, changes int, all Inventory, asked, now time.Time) (added, gone int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.member(server) || server.incarnation != incarnation {
		return 0, 0, false
	}
	server.changes = changes
	added, gone = s.takeIn(server, all, asked, now)
	return added, gone, true
}

// takeIn makes what is believed of a server's functions what it says of them, but
// for what has become of them since it was asked.
func (s *State) takeIn(server *Server, all Inventory, asked, now time.Time) (added, gone int) {
	for k, held := range all {
		if s.orphans[k] != nil {
			continue // it is needed no more, and stopped when its init ends
		}
		f, err := s.known(k, now)
		if err != nil {
			continue // as many are known as may be
		}
		if f.action == "" {
			f.action = held.Action
		}
		if f.sched.On(server.sched) == policy.Absent && !f.sched.Since(server.sched).After(asked) {
			s.fleet.Ready(f.sched, server.sched, asked)
			added++
		}
		s.fleet.Cold(f.sched, server.sched, held.Cold, asked)
	}
	for k, f := range s.functions {
		if _, there := all[k]; !there && f.sched.On(server.sched) == policy.Ready && f.sched.Since(server.sched).Before(asked) {
			s.fleet.Absent(f.sched, server.sched, now)
			gone++
		}
	}
	return added, gone
}

// noteChanges has a server's inventory read if others may have changed it: another
// balancer, or the server for want of room.
func (s *State) noteChanges(server *Server, changes int) {
	if changes == 0 || changes != server.changes {
		s.emit(ReadInventory{server, server.incarnation, changes})
	}
}
