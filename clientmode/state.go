package clientmode

import (
	"bytes"
	"context"
	"sync"

	"github.com/whiskaway/whiskaway/internal/singleflight"
)

// state is what the container holds and what is under way in it.
type state struct {
	concurrent bool // the platform sends several runs at once

	mu       sync.Mutex       // guards what follows
	function *function        // nil until initialised
	starting *starting        // the init in flight
	running  map[string]*work // runs in flight that have an activation id, by id
	inFlight int              // runs
	idle     chan struct{}    // closed when no run is in flight; nil: no stop waits for that
	stopped  bool
}

// work is an init or a run in flight. The platform may send the same one twice,
// above all when it lost its first connection, so it is cancelled only when its
// last caller has hung up.
type work struct {
	singleflight.Call[outcome]
	ctx context.Context

	// The rest is valid once the work has ended.
	deadline deadline
	logged   bool // its log has a line, which the platform should find
}

// newWork returns work with one caller.
func newWork() *work {
	ctx, cancel := context.WithCancel(context.Background())
	w := &work{ctx: ctx}
	w.Begin(cancel)
	return w
}

// starting is an init in flight. An init with the same body joins it.
type starting struct {
	*work
	body []byte
}

// startInit returns an init to do (mine), or the one with the same body to wait
// for. It returns nil when it is too late for either.
func (s *state) startInit(body []byte) (current *starting, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.function != nil || s.stopped:
		return nil, false
	case s.starting == nil:
		s.starting = &starting{work: newWork(), body: body}
		return s.starting, true
	case bytes.Equal(s.starting.body, body):
		s.starting.Join()
		return s.starting, false
	}
	return nil, false
}

// endInit ends the init in flight. It keeps the function, unless that is nil,
// and reports whether it did: a stopped container keeps none.
func (s *state) endInit(f *function) (kept bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starting = nil
	if f == nil || s.stopped {
		return false
	}
	s.function = f
	return true
}

// startRun returns a run to do (mine), or the one in flight with the same id to
// wait for. The function is nil before the init; the run is nil when another one
// is in flight and the platform did not announce concurrency.
func (s *state) startRun(id string) (f *function, current *work, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.function == nil {
		return nil, nil, false
	}
	if same := s.running[id]; same != nil {
		same.Join()
		return s.function, same, false
	}
	if s.inFlight > 0 && !s.concurrent {
		return s.function, nil, false
	}
	current = newWork()
	s.inFlight++
	if id != "" {
		s.running[id] = current
	}
	return s.function, current, true
}

func (s *state) endRun(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, id)
	if s.inFlight--; s.inFlight == 0 && s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
}

// awaitIdle returns a channel that is closed once no run is in flight.
func (s *state) awaitIdle() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	idle := make(chan struct{})
	if s.inFlight == 0 {
		close(idle)
	} else {
		s.idle = idle
	}
	return idle
}

// stop gives up the function, which may be nil, and keeps no other.
func (s *state) stop() (f *function) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, s.function, s.stopped = s.function, nil, true
	return f
}
