package httpserver

import (
	"context"
	"sync"
	"time"
)

// ending is a request's context. It ends when the caller hangs up, or with the
// request. Most requests end before anything waits for that, so it creates its
// channel on demand.
type ending struct {
	mu    sync.Mutex // guards what follows
	done  chan struct{}
	err   error
	after []*func()
}

func (e *ending) Deadline() (time.Time, bool) { return time.Time{}, false }

func (e *ending) Value(any) any { return nil }

func (e *ending) Err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

func (e *ending) Done() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.done == nil {
		e.done = make(chan struct{})
		if e.err != nil {
			close(e.done)
		}
	}
	return e.done
}

// AfterFunc calls f in a goroutine of its own when the context has ended. The
// returned function prevents that and reports whether it did. The context
// package knows this method.
func (e *ending) AfterFunc(f func()) (stop func() bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		go f()
		return func() bool { return false }
	}
	mine := &f
	e.after = append(e.after, mine)
	return func() bool { return e.unregister(mine) }
}

func (e *ending) unregister(mine *func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, f := range e.after {
		if f == mine {
			e.after = append(e.after[:i], e.after[i+1:]...)
			return true
		}
	}
	return false
}

func (e *ending) cancel() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return
	}
	e.err = context.Canceled
	if e.done != nil {
		close(e.done)
	}
	for _, f := range e.after {
		go (*f)()
	}
	e.after = nil
}

// AfterFunc is context.AfterFunc, at less cost for a request's context of this
// package.
func AfterFunc(ctx context.Context, f func()) (stop func() bool) {
	if e, ok := ctx.(*ending); ok {
		return e.AfterFunc(f)
	}
	return context.AfterFunc(ctx, f)
}
