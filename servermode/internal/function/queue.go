package function

import (
	"context"
	"errors"
)

// acquire takes a slot: an idle instance's, else a new one within the limit,
// else the next that is released.
func (f *Function) acquire(ctx context.Context) (*slot, error) {
	f.mu.Lock()
	f.refresh()
	f.lastUse = f.now()
	if f.state >= Draining {
		f.mu.Unlock()
		return nil, ErrUnknown
	}
	return f.takeOrQueue(ctx)
}

// takeOrQueue is acquire for a caller that holds mu, which it gives up.
func (f *Function) takeOrQueue(ctx context.Context) (*slot, error) {
	switch {
	case len(f.idle) > 0 || len(f.busy) < f.slots():
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
