package state

import (
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Readiness is a server's answer to a health check.
type Readiness struct {
	Ready    bool
	Draining bool   // it is not, because it is about to end
	Reason   string // why it is not, for operators
	Kinds    string // that it runs, joined by commas
	Changes  int    // number of the last change of its inventory; 0: it does not say
	Load     *runtimespec.Load
}

// Checked takes in the answer to a health check, of a process that is identified.
func (s *State) Checked(server *Server, found Readiness, now time.Time) (fx []Effect) {
	s.mu.Lock()
	defer s.end(&fx)
	server.checked, server.problem, server.kinds = now, found.Reason, found.Kinds
	if found.Load != nil {
		s.report(server, found.Load, now)
		defer s.dispatchWaiting(now, nil)
	}
	health := server.sched.Health()
	switch {
	case found.Ready:
		s.noteChanges(server, found.Changes)
		back := server.awaitingReady || health == policy.Draining || health == policy.Unidentified
		if back && !s.parked(server.Name) {
			s.fleet.Return(server.sched, now)
			server.awaitingReady = false
		}
	case found.Draining:
		server.servesWhileDraining = false
		s.fleet.Drain(server.sched, now)
		return nil
	default:
		server.servesWhileDraining = false
		if (server.awaitingReady || health == policy.Draining) && !s.parked(server.Name) {
			s.fleet.Unfit(server.sched, now)
		}
	}
	s.fleet.Checked(server.sched, found.Ready, now)
	return nil
}

// CheckFailed notes what is wrong with a server. One that drains gets no runs until
// a check succeeds, any other is ejected if checks go on failing. first reports
// whether nothing else has told of it: it was never identified, and had no problem.
func (s *State) CheckFailed(server *Server, problem string, drain bool, now time.Time) (first bool, fx []Effect) {
	s.mu.Lock()
	defer s.end(&fx)
	first = server.incarnation == "" && server.problem == ""
	server.problem, server.servesWhileDraining = problem, false
	if drain {
		s.fleet.Drain(server.sched, now)
	} else {
		s.fleet.Checked(server.sched, false, now)
	}
	return first, nil
}

// saidDraining takes a server out of rotation that has said that it is about to end.
func (s *State) saidDraining(server *Server, now time.Time) {
	server.servesWhileDraining = false
	s.fleet.Drain(server.sched, now)
	s.emit(Check{server})
}

// Known reports whether a server is known to be the incarnation that answers, and
// the name of a member before it in the list that is the same process.
func (s *State) Known(server *Server, incarnation string) (known bool, twin string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sched := range s.fleet.Servers() {
		if other := s.servers[sched]; other == server {
			break
		} else if other.incarnation == incarnation {
			twin = other.Name
			break
		}
	}
	return server.incarnation == incarnation, twin
}

// Sweep does what time brings about in the fleet. It is called about once a second.
func (s *State) Sweep(now time.Time) (fx []Effect) {
	s.mu.Lock()
	defer s.end(&fx)
	s.fleet.Sweep(now)
	return nil
}

// Rebalance follows a [HealthChanged]: the functions of a server that is out of
// rotation are initialised elsewhere before they are asked for, and what else may
// have made room is given to the queue.
func (s *State) Rebalance(change HealthChanged, now time.Time) (fx []Effect) {
	s.mu.Lock()
	defer s.end(&fx)
	if change.To != policy.Draining && change.To != policy.Ejected {
		s.dispatchWaiting(now, nil)
		return nil
	}
	for _, f := range s.functions {
		if f.recipe == nil || f.sched.On(change.Server.sched) != policy.Ready {
			continue
		}
		if to := s.fleet.Relocate(f.sched, now); to != nil {
			s.startBackgroundInit(f, to, now)
		}
	}
	return nil
}
