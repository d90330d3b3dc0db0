package function

import (
	"context"
	"errors"
)

// maxDeliveries bounds how often a run is offered to instances that turn out
// to be dead before they get it.
const maxDeliveries = 3

// Run executes one activation and returns its result.
func (f *Function) Run(ctx context.Context, line []byte, sink Sink) ([]byte, error) {
	s, err := f.acquire(ctx)
	if err != nil {
		return nil, err
	}
	f.load.InFlight.Add(1)
	defer f.load.InFlight.Add(-1)
	defer f.release(s, 1)
	for delivery := 1; ; delivery++ {
		if err := f.revive(ctx, s, sink); err != nil {
			return nil, err
		}
		result, retry, err := s.instance.Run(ctx, line, sink)
		if !retry || delivery == maxDeliveries {
			return result, err
		}
	}
}

// Init makes the function ready: a caller that comes while another starts it
// shares that start's outcome.
func (f *Function) Init(ctx context.Context, sink Sink) error {
	for {
		f.mu.Lock()
		f.refresh()
		first := f.first
		switch {
		case f.state >= Draining || f.closing:
			f.mu.Unlock()
			return ErrUnknown
		case f.state == Ready:
			f.mu.Unlock()
			return nil
		case first == nil:
			s := f.take()
			f.mu.Unlock()
			defer f.release(s, 0)
			return f.revive(ctx, s, sink)
		}
		f.mu.Unlock()
		select {
		case <-first.done:
			if first.err == nil || !first.abandoned {
				return first.err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// acquire takes a slot: an idle instance's, else a new one within the limit,
// else the next that is released.
func (f *Function) acquire(ctx context.Context) (*slot, error) {
	f.mu.Lock()
	f.refresh()
	f.lastUse = f.now()
	switch {
	case f.state >= Draining:
		f.mu.Unlock()
		return nil, ErrUnknown
	case len(f.idle) > 0 || len(f.busy) < f.limits.Instances:
		defer f.mu.Unlock()
		return f.take(), nil
	case len(f.waiting) >= f.limits.Queue:
		f.mu.Unlock()
		return nil, ErrSaturated
	}
	turn := make(chan *slot, 1)
	f.waiting = append(f.waiting, turn)
	f.mu.Unlock()
	f.load.Queued.Add(1)
	defer f.load.Queued.Add(-1)
	select {
	case s := <-turn:
		return granted(s)
	case <-ctx.Done():
		return f.leave(ctx, turn)
	}
}

func granted(s *slot) (*slot, error) {
	if s == nil {
		return nil, ErrUnknown
	}
	return s, nil
}

// leave gives up a place in the queue, unless a slot came just then.
func (f *Function) leave(ctx context.Context, turn chan *slot) (*slot, error) {
	f.mu.Lock()
	for i, t := range f.waiting {
		if t == turn {
			f.waiting = append(f.waiting[:i], f.waiting[i+1:]...)
			f.mu.Unlock()
			if cause := context.Cause(ctx); !errors.Is(cause, context.DeadlineExceeded) && !isTimeout(cause) {
				return nil, cause
			}
			return nil, ErrExpired
		}
	}
	f.mu.Unlock()
	return granted(<-turn)
}

// isTimeout reports whether a cause calls itself a timeout, as net.Error does.
func isTimeout(cause error) bool {
	var t interface{ Timeout() bool }
	return errors.As(cause, &t) && t.Timeout()
}

// take returns a busy slot; the caller holds mu and has seen that one is free.
func (f *Function) take() *slot {
	s := &slot{}
	if n := len(f.idle); n > 0 {
		s = f.idle[n-1]
		f.idle[n-1], f.idle = nil, f.idle[:n-1]
	}
	f.busy[s] = true
	f.announce(s)
	return s
}

// announce makes the coming start of s the one that others wait for, if no
// instance is there; the caller holds mu.
func (f *Function) announce(s *slot) {
	if s.instance != nil || f.state != Cold {
		return
	}
	f.state = f.state.transition(Starting)
	if s.first == nil { // else somebody may wait for it already
		s.first = &start{done: make(chan struct{})}
	}
	f.first = s.first
}

// revive makes sure that a busy slot has a live instance.
func (f *Function) revive(ctx context.Context, s *slot, sink Sink) error {
	if s.instance != nil && s.instance.Alive() {
		return nil
	}
	f.mu.Lock()
	dead := s.instance
	s.instance = nil
	f.refresh()
	f.announce(s)
	first := s.first
	s.first = nil
	f.starts++
	f.mu.Unlock()
	if dead != nil {
		dead.Close()
	}
	instance, err := f.program.Start(ctx, sink)
	if first != nil {
		first.err, first.abandoned = err, ctx.Err() != nil
	}
	f.started(s, instance, first, err)
	return err
}

// started records a start's outcome and tells those who wait for it.
func (f *Function) started(s *slot, instance Instance, first *start, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		s.instance = instance
	}
	if first != nil {
		close(first.done)
	}
	if f.first == first {
		f.first = nil
	}
	switch {
	case err == nil && f.state == Cold: // another start failed in between
		f.state = f.state.transition(Starting)
		fallthrough
	case f.state == Starting && (err == nil || f.anyBusyAlive()):
		f.state = f.state.transition(Ready)
	case f.state == Starting && first != nil:
		f.state = f.state.transition(Cold)
	}
}

// release returns a slot: to the first in the queue, or to the idle ones. When
// the function was freed meanwhile, the instance ends here.
func (f *Function) release(s *slot, runs uint64) {
	f.mu.Lock()
	f.lastUse = f.now()
	f.runs, s.runs = f.runs+runs, s.runs+runs
	if f.state >= Draining {
		delete(f.busy, s)
		f.ending++
		f.mu.Unlock()
		f.end([]*slot{s})
		return
	}
	if len(f.waiting) > 0 {
		turn := f.waiting[0]
		f.waiting = append(f.waiting[:0], f.waiting[1:]...)
		turn <- s
		f.mu.Unlock()
		return
	}
	delete(f.busy, s)
	s.since = f.lastUse
	if s.instance != nil {
		f.idle = append(f.idle, s)
		f.refresh()
	}
	f.mu.Unlock()
}

// end closes slots' instances, then the program if these were the last.
func (f *Function) end(slots []*slot) {
	for _, s := range slots {
		if s.instance != nil {
			s.instance.Close()
		}
	}
	f.mu.Lock()
	f.ending -= len(slots)
	last := f.state == Draining && len(f.busy) == 0 && f.ending == 0
	if last {
		f.state = f.state.transition(Gone)
	}
	f.mu.Unlock()
	if last {
		f.program.Close()
		close(f.gone)
		f.ended()
	}
}
