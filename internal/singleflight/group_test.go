package singleflight_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/singleflight"
)

type group = singleflight.Group[string, int]

var all = map[string]singleflight.Leaving{"goes on": singleflight.GoesOn, "cancelled": singleflight.Cancelled, "handed over": singleflight.HandedOver}

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

func ask(t *testing.T, g *group, work func(context.Context) (int, error)) caller {
	ctx, leave := context.WithCancelCause(t.Context())
	c := caller{leave, make(chan outcome, 1)}
	go func() {
		v, err := g.Do(ctx, "k", work)
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

func TestGroup_CallersShareTheOutcome(t *testing.T) {
	broken := errors.New("it is broken")
	for name, leaving := range all {
		for _, want := range []outcome{{7, nil}, {0, broken}} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					g, gate := &group{Leaving: leaving}, make(chan struct{})
					first := ask(t, g, func(context.Context) (int, error) { <-gate; return want.value, want.err })
					second, third := ask(t, g, never(t)), ask(t, g, never(t))
					assert.Equal(t, 3, g.Waiters("k"))
					close(gate)
					for _, c := range []caller{first, second, third} {
						assert.Equal(t, want, <-c.got)
					}
					assert.Zero(t, g.Waiters("k"))
					v, err := g.Do(t.Context(), "k", func(context.Context) (int, error) { return 8, nil })
					assert.Equal(t, outcome{8, nil}, outcome{v, err}, "an outcome is not kept")
				})
			})
		}
	}
}

func TestGroup_KeysDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &group{Leaving: singleflight.Cancelled}
		slow := ask(t, g, untilLeft)
		v, err := g.Do(t.Context(), "other", func(context.Context) (int, error) { return 1, nil })
		assert.Equal(t, outcome{1, nil}, outcome{v, err})
		slow.leave(nil)
	})
}

func TestGroup_ACallerLeaves(t *testing.T) {
	gone := errors.New("gone")
	for name, leaving := range all {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, gate := &group{Leaving: leaving}, make(chan struct{})
				first := ask(t, g, func(ctx context.Context) (int, error) { <-gate; return 7, ctx.Err() })
				second := ask(t, g, never(t))
				second.leave(gone)
				assert.Equal(t, outcome{0, gone}, <-second.got)
				assert.Equal(t, 1, g.Waiters("k"))
				close(gate)
				assert.Equal(t, outcome{7, nil}, <-first.got)
			})
		})
	}
}

func TestGroup_WorkOutlivesTheFirstCaller(t *testing.T) {
	for _, leaving := range []singleflight.Leaving{singleflight.GoesOn, singleflight.Cancelled} {
		synctest.Test(t, func(t *testing.T) {
			g, gate := &group{Leaving: leaving}, make(chan struct{})
			first := ask(t, g, func(ctx context.Context) (int, error) { <-gate; return 7, ctx.Err() })
			second := ask(t, g, never(t))
			first.leave(nil)
			assert.ErrorIs(t, (<-first.got).err, context.Canceled)
			close(gate)
			assert.Equal(t, outcome{7, nil}, <-second.got)
		})
	}
}

func TestGroup_WorkGoesOnWithoutCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, gate := &group{Leaving: singleflight.GoesOn}, make(chan struct{})
		first := ask(t, g, func(ctx context.Context) (int, error) { <-gate; return 7, ctx.Err() })
		first.leave(nil)
		<-first.got
		second := ask(t, g, never(t))
		close(gate)
		assert.Equal(t, outcome{7, nil}, <-second.got)
	})
}

func TestGroup_WorkIsCancelledWithTheLastCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, gate := &group{Leaving: singleflight.Cancelled}, make(chan struct{})
		ended := make(chan error, 1)
		first := ask(t, g, func(ctx context.Context) (int, error) {
			<-ctx.Done()
			<-gate
			ended <- context.Cause(ctx)
			return 0, ctx.Err()
		})
		second := ask(t, g, never(t))
		first.leave(nil)
		second.leave(nil)
		synctest.Wait()
		late := ask(t, g, func(ctx context.Context) (int, error) { return 8, ctx.Err() })
		assert.Empty(t, late.got, "one at a time")
		close(gate)
		assert.ErrorContains(t, <-ended, "no caller waits")
		assert.Equal(t, outcome{8, nil}, <-late.got, "what was cancelled says nothing to a later caller")
	})
}

func TestGroup_WorkIsHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, gone := &group{Leaving: singleflight.HandedOver}, errors.New("gone")
		first := ask(t, g, untilLeft)
		second := ask(t, g, func(ctx context.Context) (int, error) { return 8, ctx.Err() })
		first.leave(gone)
		assert.Equal(t, outcome{0, gone}, <-first.got)
		assert.Equal(t, outcome{8, nil}, <-second.got)
	})
}

// Success counts, however late.
func TestGroup_WorkThatSucceedsIsNotHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &group{Leaving: singleflight.HandedOver}
		first := ask(t, g, func(ctx context.Context) (int, error) { <-ctx.Done(); return 7, nil })
		second := ask(t, g, never(t))
		first.leave(nil)
		assert.Equal(t, outcome{7, nil}, <-first.got)
		assert.Equal(t, outcome{7, nil}, <-second.got)
	})
}

func TestGroup_PanicsInEveryCaller(t *testing.T) {
	for name, leaving := range all {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, gate := &group{Leaving: leaving}, make(chan struct{})
				var callers sync.WaitGroup
				for range 3 {
					callers.Go(func() {
						defer func() {
							err, _ := recover().(error)
							if assert.ErrorContains(t, err, "on the floor") {
								assert.ErrorContains(t, err, "group_test.go", "where it came from")
							}
						}()
						_, _ = g.Do(t.Context(), "k", func(context.Context) (int, error) { <-gate; panic("on the floor") })
					})
				}
				synctest.Wait()
				close(gate)
				callers.Wait()
				assert.Zero(t, g.Waiters("k"))
			})
		})
	}
}

// A panic that no caller waits for ends the process, as any other does.
func TestGroup_PanicWithoutCallersIsNotSwallowed(t *testing.T) {
	const inside = "WHISKAWAY_TEST_PANIC"
	if os.Getenv(inside) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), inside+"=1")
		out, err := cmd.CombinedOutput()
		require.Error(t, err)
		assert.Contains(t, string(out), "panic: on the floor")
		return
	}
	g, left, gone := &group{Leaving: singleflight.GoesOn}, make(chan struct{}), errors.New("gone")
	ctx, leave := context.WithCancelCause(t.Context())
	go func() {
		_, _ = g.Do(ctx, "k", func(context.Context) (int, error) { leave(gone); <-left; panic("on the floor") })
		close(left)
	}()
	select {} // until the panic
}

func TestGroup_GoroutineThatExits(t *testing.T) {
	for name, leaving := range all {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, gate := &group{Leaving: leaving}, make(chan struct{})
				ask(t, g, func(context.Context) (int, error) { <-gate; runtime.Goexit(); return 0, nil })
				second := ask(t, g, never(t))
				close(gate)
				assert.ErrorContains(t, (<-second.got).err, "goroutine has exited")
			})
		})
	}
}

func TestGroup_OneAtATime(t *testing.T) {
	for name, leaving := range all {
		t.Run(name, func(t *testing.T) {
			g := &group{Leaving: leaving}
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
						v, err := g.Do(ctx, "k", func(ctx context.Context) (int, error) {
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
		})
	}
}
