package state

import (
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// Pick chooses a server for a run, and counts the run there at once. An init that
// the run has to wait for is started.
func (s *State) Pick(r *Run, now time.Time) (fx []Effect, err error) {
	s.mu.Lock()
	defer s.end(&fx)
	if s.queue.Len() > 0 && !r.queued() && s.queue.Waiting(r.Function) > 0 {
		return nil, ErrNoServer // others of its function came before
	}
	choice := s.choose(r.Function, r.Tried, now)
	if choice.Server == nil {
		return nil, ErrNoServer
	}
	return nil, s.assign(r, choice, now)
}

// choose asks the policy. What cannot be initialised from here goes where it is
// ready, whatever the policy says.
func (s *State) choose(f *Function, tried []*policy.Server, now time.Time) policy.Choice {
	request := policy.Request{Function: f.sched, Tried: tried}
	choice := s.fleet.Pick(s.settings.Policy, request, now, s.options.Rand)
	if f.move != nil {
		choice = f.stay(choice, tried, now)
	}
	if f.recipe != nil || choice.Server == nil || f.sched.On(choice.Server) != policy.Absent {
		return choice
	}
	for _, c := range f.sched.Copies() {
		if c.State() == policy.Ready && s.fleet.Takes(c.Server(), request, now, s.options.Rand) {
			return policy.Choice{Server: c.Server(), Why: policy.Warm}
		}
	}
	return choice
}

// assign counts a run at the server that was chosen for it.
func (s *State) assign(r *Run, choice policy.Choice, now time.Time) error {
	f := r.Function
	if r.cancelled {
		return ErrCancelled
	}
	server := s.servers[choice.Server]
	r.Init, r.at = nil, there
	if f.sched.On(choice.Server) != policy.Ready {
		if r.Init = s.startInit(f, server, r.Cause, now); r.Init == nil {
			r.at = here
			return ErrUnknownFunction
		}
		r.at = waiting
	}
	r.Server, r.Why = server, choice.Why
	r.sent = s.fleet.Sent(f.sched, choice.Server, now)
	if more := s.fleet.ScaleOut(f.sched, choice, now); more != nil {
		s.startBackgroundInit(f, more, now)
	}
	return nil
}
