package singleflight_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/singleflight"
)

type flight = singleflight.Flight[int]

// outcome is what a caller got.
type outcome struct {
	value int
	err   error
}

// caller is one that has asked, until leave or the outcome.
type caller struct {
	leave context.CancelCauseFunc
	got   chan outcome
}

func ask(t *testing.T, f *flight, work func(context.Context) (int, error)) caller {
	ctx, leave := context.WithCancelCause(t.Context())
	c := caller{leave, make(chan outcome, 1)}
	go func() {
		v, err := f.Do(ctx, work)
		c.got <- outcome{v, err}
	}()
	synctest.Wait()
	return c
}

// never is work that must not be done.
func never(t *testing.T) func(context.Context) (int, error) {
	return func(context.Context) (int, error) { t.Error("it is done already"); return 0, nil }
}

// untilLeft is work that fails when its context ends.
func untilLeft(ctx context.Context) (int, error) {
	<-ctx.Done()
	return 0, context.Cause(ctx)
}

func TestFlight_CallersShareTheOutcome(t *testing.T) {
	for _, want := range []outcome{{7, nil}, {0, errors.New("it is broken")}} {
		synctest.Test(t, func(t *testing.T) {
			f, gate := &flight{}, make(chan struct{})
			first := ask(t, f, func(context.Context) (int, error) { <-gate; return want.value, want.err })
			second, third := ask(t, f, never(t)), ask(t, f, never(t))
			assert.Equal(t, 3, f.Waiters())
			close(gate)
			for _, c := range []caller{first, second, third} {
				assert.Equal(t, want, <-c.got)
			}
			assert.Zero(t, f.Waiters())
			v, err := f.Do(t.Context(), func(context.Context) (int, error) { return 8, nil })
			assert.Equal(t, outcome{8, nil}, outcome{v, err}, "an outcome is not kept")
		})
	}
}

func TestFlight_ACallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, gate, gone := &flight{}, make(chan struct{}), errors.New("gone")
		first := ask(t, f, func(ctx context.Context) (int, error) { <-gate; return 7, ctx.Err() })
		second := ask(t, f, never(t))
		second.leave(gone)
		assert.Equal(t, outcome{0, gone}, <-second.got)
		assert.Equal(t, 1, f.Waiters())
		close(gate)
		assert.Equal(t, outcome{7, nil}, <-first.got)
	})
}

func TestFlight_WorkIsHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, gone := &flight{}, errors.New("gone")
		first := ask(t, f, untilLeft)
		second := ask(t, f, func(ctx context.Context) (int, error) { return 8, ctx.Err() })
		first.leave(gone)
		assert.Equal(t, outcome{0, gone}, <-first.got)
		assert.Equal(t, outcome{8, nil}, <-second.got)
	})
}

// Success counts, however late.
func TestFlight_WorkThatSucceedsIsNotHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flight{}
		first := ask(t, f, func(ctx context.Context) (int, error) { <-ctx.Done(); return 7, nil })
		second := ask(t, f, never(t))
		first.leave(nil)
		assert.Equal(t, outcome{7, nil}, <-first.got)
		assert.Equal(t, outcome{7, nil}, <-second.got)
	})
}

func TestFlight_PanicsInEveryCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, gate := &flight{}, make(chan struct{})
		var callers sync.WaitGroup
		for range 3 {
			callers.Go(func() {
				defer func() {
					err, _ := recover().(error)
					assert.ErrorContains(t, err, "on the floor")
				}()
				_, _ = f.Do(t.Context(), func(context.Context) (int, error) { <-gate; panic("on the floor") })
			})
		}
		synctest.Wait()
		close(gate)
		callers.Wait()
		assert.Zero(t, f.Waiters())
	})
}

func TestFlight_GoroutineThatExits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, gate := &flight{}, make(chan struct{})
		ask(t, f, func(context.Context) (int, error) { <-gate; runtime.Goexit(); return 0, nil })
		second := ask(t, f, never(t))
		close(gate)
		assert.ErrorContains(t, (<-second.got).err, "goroutine has exited")
	})
}

func TestFlight_OneAtATime(t *testing.T) {
	f := &flight{}
	var inside, done atomic.Int64
	var callers sync.WaitGroup
	for n := range 64 {
		callers.Go(func() {
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			for i := range 200 {
				if (n+i)%7 == 0 {
					go leave()
				}
				v, err := f.Do(ctx, func(ctx context.Context) (int, error) {
					defer inside.Add(-1)
					require.EqualValues(t, 1, inside.Add(1))
					runtime.Gosched()
					return int(done.Add(1)), ctx.Err()
				})
				assert.True(t, err != nil || v > 0)
			}
		})
	}
	callers.Wait()
	assert.Positive(t, done.Load())
}
