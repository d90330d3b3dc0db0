package launch

import (
	"context"
	"slices"
	"sync"

	"github.com/whiskaway/whiskaway/internal/singleflight"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

// shared hands out seats in processes that take several runs at once. To the
// function package each seat is an instance. A process is closed when its last seat
// is given up. Methods that do not lock mu are called with it held.
type shared struct {
	starts singleflight.Flight[struct{}]

	mu        sync.Mutex // guards what follows, never held across a start or an end
	processes []*bench
}

// bench is a process, with the number of its seats that are taken.
type bench struct {
	*process.Process
	taken int
}

// seat is the right to one run at a time in a process.
type seat struct {
	instance
	of    *shared
	bench *bench
	leave sync.Once
}

// take returns a seat in a process with fewer than most taken, and starts a process
// if need be. Callers that arrive during a start share its outcome.
func (s *shared) take(ctx context.Context, most int, start func() (*process.Process, error)) (mine *seat, err error) {
	for mine == nil && err == nil {
		if mine = s.find(most); mine == nil {
			_, err = s.starts.Do(ctx, func(context.Context) (none struct{}, err error) {
				if mine = s.find(most); mine == nil { // of a start that has just ended
					mine, err = s.add(start())
				}
				return none, err
			})
		}
	}
	return mine, err
}

// find returns a free seat, if there is one.
func (s *shared) find(most int) *seat {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.processes {
		if b.taken < most && b.Alive() {
			return s.sit(b)
		}
	}
	return nil
}

// add returns a seat in a process that was started.
func (s *shared) add(proc *process.Process, err error) (*seat, error) {
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &bench{Process: proc}
	s.processes = append(s.processes, b)
	return s.sit(b), nil
}

// sit takes a seat.
func (s *shared) sit(b *bench) *seat {
	b.taken++
	return &seat{instance: instance{b.Process}, of: s, bench: b}
}

// Close gives the seat up. The last seat closes the process.
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
