package state

import (
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/queue"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
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
	Action   string        // the function's name, for operators
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
