package function_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

func TestFunction_InitsInFlightShareOneStart(t *testing.T) {
	b := newBench(1)
	gate := make(chan struct{})
	b.start = func(context.Context, int) error { <-gate; return nil }
	var all sync.WaitGroup
	for _, lease := range []string{"a", "b", "c"} {
		all.Go(func() { assert.NoError(t, b.init(context.Background(), lease)) })
	}
	b.eventually(t, func() bool { l := b.List(""); return len(l) == 1 && l[0].Leases == 3 })
	close(gate)
	all.Wait()
	assert.EqualValues(t, 1, b.starts.Load())
}

func TestFunction_InitOutlivesTheCallerThatStartedIt(t *testing.T) {
	b := newBench(1)
	first := make(chan struct{})
	b.start = func(ctx context.Context, n int) error {
		if n > 1 {
			return nil
		}
		close(first)
		<-ctx.Done()
		return context.Cause(ctx)
	}
	ctx, leave := context.WithCancel(t.Context())
	one, two := make(chan error, 1), make(chan error, 1)
	go func() { one <- b.init(ctx, "a") }()
	<-first
	go func() { two <- b.init(context.Background(), "b") }()
	b.eventually(t, func() bool { return b.List("")[0].Leases == 2 })
	leave()
	require.ErrorIs(t, <-one, context.Canceled)
	require.NoError(t, <-two, "the other caller did not leave")
}

func TestFunction_OneInstanceRunsOneAtATimeInOrder(t *testing.T) {
	b := newBench(1)
	entered, release := b.blockRuns()
	require.NoError(t, b.init(t.Context(), "a"))
	var all sync.WaitGroup
	for n, line := range []string{"1", "2", "3"} {
		all.Go(func() { _, err := b.activate(context.Background(), line); assert.NoError(t, err) })
		if n == 0 {
			assert.Equal(t, "1", <-entered)
		} else {
			b.eventually(t, func() bool { return b.List("")[0].Waiting == n })
		}
	}
	release()
	assert.Equal(t, "2", <-entered)
	assert.Equal(t, "3", <-entered)
	all.Wait()
	assert.EqualValues(t, 1, b.most.Load())
}

func TestFunction_FullQueueRefuses(t *testing.T) {
	b := newBench(1)
	entered, release := b.blockRuns()
	require.NoError(t, b.init(t.Context(), "a"))
	var all sync.WaitGroup
	for range 1 + queue {
		all.Go(func() { _, err := b.activate(context.Background(), "x"); assert.NoError(t, err) })
	}
	<-entered
	b.eventually(t, func() bool { return b.List("")[0].Waiting == queue })
	_, err := b.activate(t.Context(), "x")
	require.ErrorIs(t, err, function.ErrSaturated)
	release()
	all.Wait()
}

func TestFunction_UsesAsManyInstancesAsItMay(t *testing.T) {
	b := newBench(3)
	entered, release := b.blockRuns()
	require.NoError(t, b.init(t.Context(), "a"))
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() { _, err := b.activate(context.Background(), "x"); assert.NoError(t, err) })
	}
	for range 3 {
		<-entered
	}
	release()
	all.Wait()
	assert.EqualValues(t, 3, b.live.Load())
	b.Sweep(b.clock.forward(keepAlive))
	assert.Equal(t, "cold", b.state())
	b.eventually(t, func() bool { return b.live.Load() == 0 })
}

// late is the cause of a context that ended because its time was up.
type late struct{}

func (late) Error() string { return "late" }
func (late) Timeout() bool { return true }

func TestFunction_TimeOverInTheQueueIsNotStarted(t *testing.T) {
	b := newBench(1)
	entered, release := b.blockRuns()
	defer release()
	require.NoError(t, b.init(t.Context(), "a"))
	go func() { _, _ = b.activate(context.Background(), "x") }()
	<-entered
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() { _, err := b.activate(ctx, "y"); done <- err }()
	b.eventually(t, func() bool { return b.List("")[0].Waiting == 1 })
	cancel(late{})
	require.ErrorIs(t, <-done, function.ErrExpired)
	assert.Equal(t, 0, b.List("")[0].Waiting)
	assert.Empty(t, entered, "it was never handed out")
}

func TestFunction_CrashedInstanceIsReplacedByTheNextRun(t *testing.T) {
	b := newBench(1)
	b.run = func(_ context.Context, i *instance, line string) (string, bool, error) {
		if line == "die" {
			i.dead.Store(true)
			return "", false, errBroken
		}
		return line, false, nil
	}
	require.NoError(t, b.init(t.Context(), "a"))
	_, err := b.activate(t.Context(), "die")
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, "cold", b.state())
	out, err := b.activate(t.Context(), "x")
	require.NoError(t, err)
	assert.Equal(t, "x", out)
	assert.EqualValues(t, 2, b.starts.Load())
	b.eventually(t, func() bool { return b.live.Load() == 1 })
}

func TestFunction_UndeliveredRunGoesToAFreshInstance(t *testing.T) {
	b := newBench(1)
	b.run = func(_ context.Context, i *instance, line string) (string, bool, error) {
		if i.pid == 1 {
			i.dead.Store(true)
			return "", true, errBroken
		}
		return line, false, nil
	}
	require.NoError(t, b.init(t.Context(), "a"))
	out, err := b.activate(t.Context(), "x")
	require.NoError(t, err)
	assert.Equal(t, "x", out)
}

func TestFunction_DeliveryIsNotTriedForEver(t *testing.T) {
	b := newBench(1)
	b.run = func(_ context.Context, i *instance, _ string) (string, bool, error) {
		i.dead.Store(true)
		return "", true, errBroken
	}
	require.NoError(t, b.init(t.Context(), "a"))
	_, err := b.activate(t.Context(), "x")
	require.ErrorIs(t, err, errBroken)
	assert.EqualValues(t, 3, b.starts.Load())
}

// An init that finds no instance, because a cancelled run was to start it, must not
// start one beside the slot that is taken.
func TestFunction_InitStaysWithinTheLimit(t *testing.T) {
	b := newBench(1)
	gate := make(chan struct{})
	require.NoError(t, b.init(t.Context(), "a"))
	b.Sweep(b.clock.forward(keepAlive)) // cold
	b.start = func(ctx context.Context, n int) error {
		if n == 2 {
			<-ctx.Done()
			<-gate
			return context.Cause(ctx)
		}
		return nil
	}
	for range 100 {
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { _, _ = b.activate(ctx, "cancelled") })
		b.eventually(t, func() bool { return b.starts.Load() == 2 })
		all.Go(func() { _, _ = b.activate(context.Background(), "queued") })
		b.eventually(t, func() bool { return b.List("")[0].Waiting == 1 })
		all.Go(func() { assert.NoError(t, b.init(context.Background(), "b")) })
		b.eventually(t, func() bool { return b.List("")[0].Leases == 2 })
		cancel()
		close(gate)
		all.Wait()
		require.LessOrEqual(t, b.live.Load(), int32(1))
		b.Stop(b.key, "a")
		b.Stop(b.key, "b")
		b.eventually(t, func() bool { return b.state() == "" && b.live.Load() == 0 })
		gate = make(chan struct{})
		b.starts.Store(0)
		require.NoError(t, b.init(t.Context(), "a"))
		b.Sweep(b.clock.forward(keepAlive))
		b.eventually(t, func() bool { return b.live.Load() == 0 })
	}
}
