package state

import (
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// InitAwaited has a run sent for which an init has succeeded: from now on its server
// is told to cancel it. One that was cancelled before is not sent.
func (s *State) InitAwaited(r *Run) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.cancelled {
		return ErrCancelled
	}
	r.at = there
	return nil
}

// AnswerBegan notes where the incarnation is reached that an answer names, and takes
// in the report of one that may go on for long.
func (s *State) AnswerBegan(r *Run, incarnation string, report *runtimespec.Load, now time.Time) (fx []Effect) {
	s.mu.Lock()
	defer s.end(&fx)
	s.route(incarnation, r.Server)
	if report != nil {
		s.report(r.Server, report, now)
		s.dispatchWaiting(now, nil)
	}
	return nil
}

// Answered ends what Pick started, with the run's outcome and the load report that
// came with it, if any.
func (s *State) Answered(r *Run, a policy.Answer, report *runtimespec.Load, now time.Time) (fx []Effect) {
	s.mu.Lock()
	defer s.end(&fx)
	s.finish(r, a, report, now)
	return nil
}

// Refused ends what Pick started: the server has not started the run. One that
// does not know the function is told about it with the next pick; any other is not
// picked again.
func (s *State) Refused(r *Run, reason runtimespec.Reason, retryAfter time.Duration, report *runtimespec.Load, now time.Time) (fx []Effect) {
	s.mu.Lock()
	defer s.end(&fx)
	f, server := r.Function, r.Server
	if reason != runtimespec.UnknownFunction {
		r.Tried = append(r.Tried, server.sched)
	} else if f.sched.On(server.sched) == policy.Ready { // and is not being initialised there
		s.fleet.Absent(f.sched, server.sched, now)
	}
	s.finish(r, policy.Answer{Outcome: policy.Refused, RetryAfter: retryAfter}, report, now)
	if reason == runtimespec.Draining {
		s.saidDraining(server, now)
	}
	return nil
}

// NotSent ends what Pick started: the server could not be reached.
func (s *State) NotSent(r *Run, now time.Time) (fx []Effect) {
	s.mu.Lock()
	defer s.end(&fx)
	s.finish(r, policy.Answer{Outcome: policy.Failed}, nil, now)
	r.Tried = append(r.Tried, r.Server.sched)
	return nil
}

func (s *State) finish(r *Run, a policy.Answer, report *runtimespec.Load, now time.Time) {
	s.fleet.Done(r.sent, a, now)
	r.Server.runs[a.Outcome]++
	if report != nil {
		s.report(r.Server, report, now)
	}
	r.at = here
	if r.queued() || s.queue.Len() > 0 {
		s.releaseSlot(r, a.Outcome, now)
	}
}

// report passes a load report on.
func (s *State) report(server *Server, l *runtimespec.Load, now time.Time) {
	if l.Changes != 0 && server.incarnation != "" {
		s.noteChanges(server, l.Changes)
	}
	s.fleet.Report(server.sched, policy.Load{InFlight: l.InFlight, Slots: l.Slots, Queued: l.Queued}, now)
}
