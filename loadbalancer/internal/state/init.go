package state

import (
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// Init is an init in flight at a server. There is one at most for a function and a
// server: whatever needs it meanwhile waits for its end.
type Init struct {
	Function   *Function
	Server     *Server
	Recipe     *Recipe
	Background bool // no run and no caller waits for it
	Job        any  // its owner's, from Options.Prepare

	claimed bool // its log has an owner
}

// startInit starts an init, or finds the one in flight; nil if it is not known how,
// or the balancer ends.
func (s *State) startInit(f *Function, at *Server, cause any, now time.Time) *Init {
	if next := s.functions[f.Key]; next != nil {
		f = next // a run that was queued may know it from before it was forgotten
	}
	if i := f.inits[at]; i != nil {
		return i
	}
	if f.recipe == nil || s.closed {
		return nil
	}
	s.fleet.InitStarted(f.sched, at.sched, now)
	return s.newInit(f, at, cause)
}

// startBackgroundInit starts an init of which the policy has counted the beginning
// already. One that is in flight there does as well.
func (s *State) startBackgroundInit(f *Function, at *policy.Server, now time.Time) {
	if f.recipe == nil || s.closed {
		s.fleet.Absent(f.sched, at, now)
		return
	}
	if server := s.servers[at]; f.inits[server] == nil {
		s.newInit(f, server, nil)
	}
}

func (s *State) newInit(f *Function, at *Server, cause any) *Init {
	i := &Init{Function: f, Server: at, Recipe: f.recipe, Background: cause == nil}
	if s.options.Prepare != nil {
		s.options.Prepare(i, cause)
	}
	f.inits[at] = i
	if s.functions[f.Key] == nil {
		s.orphans[f.Key] = f
	}
	s.emit(StartInit{i})
	return i
}

// Placing is a caller's search for a server that makes a function ready.
type Placing struct {
	Function *Function
	Cause    any
	Tried    []*policy.Server // those that have refused
}

// PassOver has a server not chosen again.
func (p *Placing) PassOver(server *Server) { p.Tried = append(p.Tried, server.sched) }

// Placed is a server that was chosen for an init.
type Placed struct {
	Server  *Server
	Init    *Init // nil: the function is ready there
	Claimed bool  // the init's log is this caller's
}

// PlaceInit finds or chooses a server for an init.
func (s *State) PlaceInit(p *Placing, now time.Time) (found Placed, fx []Effect, err error) {
	s.mu.Lock()
	defer s.end(&fx)
	f := p.Function
	choice := s.fleet.Pick(s.settings.Policy, policy.Request{Function: f.sched, Tried: p.Tried}, now, s.options.Rand)
	if choice.Server == nil {
		return found, nil, ErrNoServer
	}
	found.Server = s.servers[choice.Server]
	if f.sched.On(choice.Server) == policy.Ready {
		return found, nil, nil
	}
	i := s.startInit(f, found.Server, p.Cause, now)
	if i == nil {
		return found, nil, ErrUnknownFunction
	}
	found.Init, found.Claimed, i.claimed = i, !i.claimed, true
	return found, nil, nil
}

// InitDone ends an init: ready or not, by a server that drains or not. It reports
// whether the function that is ready now is needed no more: it is to be stopped there.
func (s *State) InitDone(i *Init, ready, draining bool, now time.Time) (orphaned bool, fx []Effect) {
	s.mu.Lock()
	defer s.end(&fx)
	f, at := i.Function, i.Server
	delete(f.inits, at)
	forgotten := s.functions[f.Key] != f
	if ready && !forgotten {
		s.fleet.Ready(f.sched, at.sched, now)
		s.dispatchWaiting(now, nil)
	} else {
		s.fleet.Absent(f.sched, at.sched, now)
	}
	f.endMove()
	if len(f.inits) == 0 && s.orphans[f.Key] == f {
		delete(s.orphans, f.Key)
	}
	if draining {
		s.saidDraining(at, now)
	}
	return forgotten && ready, nil
}
