package launch

import (
	"context"
	"slices"
	"sync"

	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

// shared hands out processes that take several runs at once: each instance that
// the function package holds is a seat in one of them. A process is closed when
// its last seat is given up.
type shared struct {
	mu        sync.Mutex // guards what follows, never held across a start or an end
	processes []*bench
	starting  *attempt // nil: none is being started
}

// bench is a process and how many seats of it are taken.
type bench struct {
	*process.Process
	taken int
}

// attempt is a start for which callers wait.
type attempt struct {
	done chan struct{} // closed when err is set
	err  error
	// abandoned: it failed because its caller left. Other callers try again.
	abandoned bool
}

// seat is the right to one run at a time in a process.
type seat struct {
	instance
	of    *shared
	bench *bench
	leave sync.Once
}

// take returns a seat in a process with fewer than most, starting one if need
// be. Callers that come during a start share its outcome.
func (s *shared) take(ctx context.Context, most int, begin func() (*process.Process, error)) (*seat, error) {
	for {
		s.mu.Lock()
		if found := s.find(most); found != nil {
			s.mu.Unlock()
			return found, nil
		}
		other := s.starting
		if other == nil {
			mine := &attempt{done: make(chan struct{})}
			s.starting = mine
			s.mu.Unlock()
			return s.start(ctx, mine, begin)
		}
		s.mu.Unlock()
		select {
		case <-other.done:
			if other.err != nil && !other.abandoned {
				return nil, other.err
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// find returns a free seat, if there is one; the caller holds mu.
func (s *shared) find(most int) *seat {
	for _, b := range s.processes {
		if b.taken < most && b.Alive() {
			return s.sit(b)
		}
	}
	return nil
}

func (s *shared) sit(b *bench) *seat {
	b.taken++
	return &seat{instance: instance{b.Process}, of: s, bench: b}
}

// start starts a process, and returns a seat in it.
func (s *shared) start(ctx context.Context, mine *attempt, begin func() (*process.Process, error)) (*seat, error) {
	proc, err := begin()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starting = nil
	mine.err, mine.abandoned = err, ctx.Err() != nil
	close(mine.done)
	if err != nil {
		return nil, err
	}
	b := &bench{Process: proc}
	s.processes = append(s.processes, b)
	return s.sit(b), nil
}

// Close gives the seat up, and with the last one the process.
func (s *seat) Close() {
	s.leave.Do(func() {
		s.of.mu.Lock()
		s.bench.taken--
		last := s.bench.taken == 0
		if last {
			s.of.processes = slices.DeleteFunc(s.of.processes, func(b *bench) bool { return b == s.bench })
		}
		s.of.mu.Unlock()
		if last {
			s.bench.Process.Close()
		}
	})
}
