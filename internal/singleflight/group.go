// Package singleflight lets callers that want the same thing at the same time
// share one piece of work. A Group does the work that it is given; a Call is
// for an owner that does the work itself and has its own table of what is in
// flight.
package singleflight

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// Leaving says what happens to work when callers that wait for it leave.
type Leaving int

const (
	// HandedOver is work that the first caller does itself, in its goroutine
	// and with its context. If the work fails after that context has ended, one
	// of the other callers does it again.
	HandedOver Leaving = iota
	// Cancelled is work whose context ends when the last caller has left. A
	// caller that arrives after that waits until the work has failed, and then
	// does it again.
	Cancelled
	// GoesOn is work that ends by itself: a later caller waits for the same
	// work. Its context has the first caller's values and never ends.
	GoesOn
)

// Group does one piece of work at a time for each key. The zero value is ready
// for use and hands work over.
type Group[K comparable, V any] struct {
	Leaving Leaving

	mu    sync.Mutex // guards calls
	calls map[K]*Call[V]
}

var (
	errLeft   = errors.New("no caller waits for it any more")
	errExited = errors.New("its goroutine has exited")
)

// Do does the work, or waits for the same work in flight, and returns its
// outcome. If ctx ends first, Do returns the cause. A panic in the work is
// raised again in every caller.
func (g *Group[K, V]) Do(ctx context.Context, key K, work func(context.Context) (V, error)) (V, error) {
	for {
		c, mine := g.join(ctx, key, work)
		if mine {
			g.perform(ctx, key, c, work)
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

// Waiters returns how many callers wait for the work of a key.
func (g *Group[K, V]) Waiters(key K) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.calls[key]; c != nil {
		return c.Waiters()
	}
	return 0
}

// join joins the call in flight or starts one. mine reports that the caller has
// to do the work.
func (g *Group[K, V]) join(ctx context.Context, key K, work func(context.Context) (V, error)) (c *Call[V], mine bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c = g.calls[key]; c != nil {
		c.Join()
		return c, false
	}
	if g.calls == nil {
		g.calls = map[K]*Call[V]{}
	}
	c = &Call[V]{}
	g.calls[key] = c
	if g.Leaving == HandedOver {
		c.Begin(nil)
		return c, true
	}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	c.Begin(func() {
		if g.Leaving == Cancelled {
			cancel(errLeft)
		}
	})
	go func() {
		defer cancel(nil)
		g.perform(ctx, key, c, work)
	}()
	return c, false
}

// perform does the work and ends the call, however the work ends.
func (g *Group[K, V]) perform(ctx context.Context, key K, c *Call[V], work func(context.Context) (V, error)) {
	var value V
	err := errExited
	defer func() {
		if p := recover(); p != nil {
			c.crashed = &crash{p, debug.Stack()}
		}
		c.abandoned = err != nil && ctx.Err() != nil
		g.mu.Lock()
		delete(g.calls, key)
		g.mu.Unlock()
		if c.End(value, err) == 0 && c.crashed != nil {
			panic(c.crashed) // no caller is left to see it
		}
	}()
	value, err = work(ctx)
}

// crash is a panic of the work, with where it came from.
type crash struct {
	value any
	stack []byte
}

func (c *crash) Error() string { return fmt.Sprintf("%v\n\n%s", c.value, c.stack) }
