package state

import (
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/queue"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Run is a run in flight. Its owner sets the first fields before RunArrived, and
// may read the others between two events of the run.
type Run struct {
	Key        Key
	Tenant     string      // the queue serves tenants in turn
	Activation string      // its id; empty: it has none
	Deadline   time.Time   // zero: none was said
	Size       int64       // bytes that it holds while it is queued
	Cause      any         // what an init that it waits for is for
	Cancel     func(error) // ends it

	Function *Function
	Action   string        // the function's name, for people
	Server   *Server       // that was picked last
	Init     *Init         // that it waits for first; nil: the function is ready there
	Why      policy.Why    // it goes there
	Started  *Server       // the last that may have started it; set by the owner
	Tried    tried         // servers that are not picked again
	Waiting  *Waiting      // its place in the queue, made by the owner; nil: it was never queued
	Over     chan struct{} // closed at its end; nil: no other run waits for that

	sent      policy.Run
	at        place
	cancelled bool
}

// Waiting is a run's place in the queue.
type Waiting struct {
	Until  time.Time     // it is queued no longer
	Woken  chan struct{} // of this time in the queue; made by the owner
	Err    error         // why no server will be found; valid when Woken is closed
	Waited time.Duration // in the queue, when it was woken

	entry   *queue.Entry[*Function, *Run]
	since   time.Time // it was queued first
	probing bool      // it was woken though its server did not show room
}

// queued reports whether a run has had a place in the queue.
func (r *Run) queued() bool { return r.Waiting != nil && r.Waiting.entry != nil }

type tried = []*policy.Server

// place is where a run is, as far as its end is concerned.
type place int

const (
	here    place = iota // in the queue, or at an init: the balancer ends it
	waiting              // for an init at a server
	there                // at a server, which has to be told
)

// runKey names a run in flight.
type runKey struct {
	Key
	activation string
}

// RunArrived enters a run, so that it can be cancelled, and renews its lease. Of two
// with the same activation the second gets the first, which has an Over then.
func (s *State) RunArrived(r *Run, lease string, now time.Time) (first *Run, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.functions[r.Key]
	if f == nil {
		return nil, ErrUnknownFunction
	}
	s.use(f, lease, now)
	r.Function, r.Action = f, f.action
	if r.Activation == "" {
		return nil, nil
	}
	at := runKey{r.Key, r.Activation}
	if first = s.runs[at]; first == nil {
		s.runs[at] = r
	} else if first.Over == nil {
		first.Over = make(chan struct{})
	}
	return first, nil
}

// RunEnded is the end of a run that RunArrived has entered.
func (s *State) RunEnded(r *Run) (fx []Effect) {
	if r.Activation == "" {
		return nil
	}
	s.mu.Lock()
	defer s.end(&fx)
	delete(s.runs, runKey{r.Key, r.Activation})
	if r.Over != nil {
		s.emit(RunOver{r})
	}
	return nil
}

// Cancelled is a caller's wish that a run be over: at the servers that it is, or if
// it is not in flight here may be, at.
func (s *State) Cancelled(k Key, activation string) (at []*Server, fx []Effect) {
	s.mu.Lock()
	defer s.end(&fx)
	if r := s.runs[runKey{k, activation}]; r != nil {
		r.cancelled = true
		if r.at == there {
			return []*Server{r.Server}, nil
		}
		s.emit(CancelRun{r})
		return nil, nil
	}
	if f := s.functions[k]; f != nil {
		for _, c := range f.sched.Copies() {
			if server := s.servers[c.Server()]; server != nil {
				at = append(at, server)
			}
		}
	}
	return at, nil
}

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

// InitAwaited has a run sent for which an init has succeeded: from now on its server
// is told to cancel it.
func (s *State) InitAwaited(r *Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.at = there
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

// Answered ends what Pick has begun, with the run's outcome and the load report that
// came with it, if any.
func (s *State) Answered(r *Run, a policy.Answer, report *runtimespec.Load, now time.Time) (fx []Effect) {
	s.mu.Lock()
	defer s.end(&fx)
	s.finish(r, a, report, now)
	return nil
}

// Refused ends what Pick has begun: the server has not started the run. One that
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

// NotSent ends what Pick has begun: the server could not be reached.
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
