// Package singleflight lets callers that want the same thing at the same time
// share one piece of work. A Flight does the work that it is given; a Call is for
// an owner that does the work itself and knows what is in flight.
package singleflight

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// Flight does one piece of work at a time. The first caller does it, in its own
// goroutine and with its own context, and the others wait. If the work fails after
// that context has ended, one of the others does it again. The zero value is ready
// for use.
type Flight[V any] struct {
	mu      sync.Mutex // guards current
	current *Call[V]   // nil: no work is in flight
}

var errExited = errors.New("its goroutine has exited")

// Do does the work, or waits for the work in flight, and returns its outcome. If
// ctx ends before, Do returns the cause. Work that panics panics in every caller.
func (f *Flight[V]) Do(ctx context.Context, work func(context.Context) (V, error)) (V, error) {
	for {
		c, mine := f.join()
		if mine {
			f.perform(ctx, c, work)
		}
		if err := c.Wait(ctx); err != nil {
			return *new(V), err
		}
		if c.crashed != nil {
			panic(c.crashed)
		}
		if mine || !c.abandoned {
			return c.value, c.err
		}
	}
}

// Waiters returns how many callers wait for the work in flight, with the one that
// does it.
func (f *Flight[V]) Waiters() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current == nil {
		return 0
	}
	return f.current.Waiters()
}

// join joins the call in flight or starts one; mine is one that the caller has to
// perform.
func (f *Flight[V]) join() (c *Call[V], mine bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current != nil {
		f.current.Join()
		return f.current, false
	}
	f.current = &Call[V]{}
	f.current.Begin(nil)
	return f.current, true
}

// perform does the work and ends the call, however the work ends.
func (f *Flight[V]) perform(ctx context.Context, c *Call[V], work func(context.Context) (V, error)) {
	var value V
	err := errExited
	defer func() {
		if p := recover(); p != nil {
			c.crashed = &crash{p, debug.Stack()}
		}
		c.abandoned = err != nil && ctx.Err() != nil
		f.mu.Lock()
		f.current = nil
		f.mu.Unlock()
		c.End(value, err)
	}()
	value, err = work(ctx)
}

// crash is a panic of the work, with where it came from.
type crash struct {
	value any
	stack []byte
}

func (c *crash) Error() string { return fmt.Sprintf("%v\n\n%s", c.value, c.stack) }
