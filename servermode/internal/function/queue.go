package function

import (
	"context"
	"errors"
	"time"
)

// acquire takes a slot: an idle one, a new one, or the next that is released.
func (f *Function) acquire(ctx context.Context, now time.Time, sink Sink) (*slot, error) {
	f.mu.Lock()
	f.lastUse = now
	if f.state >= Draining {
		f.mu.Unlock()
		return nil, ErrUnknown
	}
	return f.takeOrQueue(ctx, now, sink)
}

// hostFull is the public message when too many runs wait on the whole host.
const hostFull = "this server's queue is full, or its tenant's part of it"

// takeOrQueue takes a slot for acquire. It is called with mu held, and unlocks it.
func (f *Function) takeOrQueue(ctx context.Context, now time.Time, sink Sink) (*slot, error) {
	f.dropDead()
	c := f.counts()
	switch c.arrival() {
	case takeIdle:
		defer f.mu.Unlock()
		return f.takeIdle(), nil
	case takeFresh:
		defer f.mu.Unlock()
		return f.takeFresh(c.open > 0), nil
	case refuse:
		defer f.mu.Unlock()
		return nil, &SaturatedError{"the function's queue is full", retryAfter(c, f.runTime)}
	}
	if !f.table.host.enqueue(f.key.Tenant) {
		defer f.mu.Unlock()
		return nil, &SaturatedError{hostFull, retryAfter(c, f.runTime)}
	}
	t := &waiter{slot: make(chan *slot, 1), since: now}
	f.growth.pass(now, len(f.waiting))
	f.waiting = append(f.waiting, t)
	f.considerGrowth(now)
	f.mu.Unlock()
	Enter(sink, StageWait)
	f.table.load.Queued.Add(1)
	defer func() {
		f.table.load.Queued.Add(-1)
		f.table.host.dequeue(f.key.Tenant)
	}()
	select {
	case s := <-t.slot:
		return granted(s)
	case <-ctx.Done():
		return f.leave(ctx, t)
	}
}

func granted(s *slot) (*slot, error) {
	if s == nil {
		return nil, ErrUnknown
	}
	return s, nil
}

// leave gives up a place in the queue, unless a slot arrived just then.
func (f *Function) leave(ctx context.Context, mine *waiter) (*slot, error) {
	f.mu.Lock()
	for i, t := range f.waiting {
		if t == mine {
			f.growth.pass(f.table.now(), len(f.waiting))
			f.waiting = append(f.waiting[:i], f.waiting[i+1:]...)
			f.mu.Unlock()
			return nil, overdue(ctx)
		}
	}
	f.mu.Unlock()
	return granted(<-mine.slot)
}

// overdue maps the end of a wait to an error: the time was up, or the caller left.
func overdue(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.DeadlineExceeded) && !isTimeout(cause) {
		return cause
	}
	return ErrExpired
}

// isTimeout reports whether a cause calls itself a timeout, as net.Error does.
func isTimeout(cause error) bool {
	var t interface{ Timeout() bool }
	return errors.As(cause, &t) && t.Timeout()
}

// dropDead drops dead instances, those used last first, up to the first live one.
// The others are looked at when their turn comes.
func (f *Function) dropDead() {
	for n := len(f.idle); n > 0 && !f.idle[n-1].instance.Alive(); n = len(f.idle) {
		dead := f.idle[n-1]
		f.idle[n-1], f.idle = nil, f.idle[:n-1]
		go f.end(f.drop([]*slot{dead}))
	}
	f.settle()
}

// takeIdle takes the slot used last. There must be one.
func (f *Function) takeIdle() *slot {
	n := len(f.idle)
	s := f.idle[n-1]
	f.idle[n-1], f.idle = nil, f.idle[:n-1]
	f.busy[s] = true
	return s
}

// takeFresh returns a new slot, for which the caller starts an instance.
func (f *Function) takeFresh(open bool) *slot {
	s := &slot{open: open}
	f.busy[s] = true
	f.announce(s)
	return s
}

// next takes the first run out of the queue. It returns nil when none waits.
func (f *Function) next(now time.Time) *waiter {
	if len(f.waiting) == 0 {
		return nil
	}
	f.growth.pass(now, len(f.waiting))
	t := f.waiting[0]
	n := copy(f.waiting, f.waiting[1:])
	f.waiting[n], f.waiting = nil, f.waiting[:n]
	if n == 0 {
		f.growth.pass(now, 0)
	}
	return t
}
