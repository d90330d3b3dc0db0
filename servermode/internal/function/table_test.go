package function_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

func TestTable_RunsAFunctionAfterItsInit(t *testing.T) {
	b := newBench(1)
	_, err := b.activate(t.Context(), "early")
	require.ErrorIs(t, err, function.ErrUnknown)
	require.NoError(t, b.init(t.Context(), "a"))
	out, err := b.activate(t.Context(), "x")
	require.NoError(t, err)
	assert.Equal(t, "x", out)
	assert.EqualValues(t, 1, b.starts.Load())
}

func TestTable_FailedInitLeavesNothing(t *testing.T) {
	b := newBench(1)
	b.start = func(context.Context, int) error { return errBroken }
	require.ErrorIs(t, b.init(t.Context(), "a"), errBroken)
	b.eventually(t, func() bool { return b.state() == "" && b.closed.Load() == 1 })
}

func TestTable_FailedInitLeavesAnotherClientsFunction(t *testing.T) {
	b := newBench(1)
	require.NoError(t, b.init(t.Context(), "a"))
	b.Sweep(b.clock.forward(keepAlive)) // evicted: the next init starts again
	b.start = func(context.Context, int) error { return errBroken }
	require.ErrorIs(t, b.init(t.Context(), "b"), errBroken)
	assert.Equal(t, "cold", b.state())
	assert.Equal(t, 1, b.List("")[0].Leases)
}

func TestTable_LastLeaseFrees(t *testing.T) {
	b := newBench(1)
	require.NoError(t, b.init(t.Context(), "a"))
	require.NoError(t, b.init(t.Context(), "b"))
	b.Stop(b.key, "a")
	assert.Equal(t, "ready", b.state(), "b still needs it")
	b.Stop(b.key, "b")
	assert.Empty(t, b.state())
	b.eventually(t, func() bool { return b.live.Load() == 0 && b.closed.Load() == 1 })
	b.Stop(b.key, "b") // idempotent
}

func TestTable_StopLetsTheRunFinish(t *testing.T) {
	b := newBench(1)
	entered, release := b.blockRuns()
	require.NoError(t, b.init(t.Context(), "a"))
	done := make(chan error, 1)
	go func() { _, err := b.activate(context.Background(), "x"); done <- err }()
	<-entered
	b.Stop(b.key, "a")
	assert.Empty(t, b.state(), "routing ends at once")
	assert.EqualValues(t, 0, b.closed.Load(), "while it runs")
	release()
	require.NoError(t, <-done)
	b.eventually(t, func() bool { return b.live.Load() == 0 && b.closed.Load() == 1 })
}

func TestTable_StopSendsTheQueueElsewhere(t *testing.T) {
	b := newBench(1)
	entered, release := b.blockRuns()
	defer release()
	require.NoError(t, b.init(t.Context(), "a"))
	go func() { _, _ = b.activate(context.Background(), "first") }()
	<-entered
	waiting := make(chan error, 1)
	go func() { _, err := b.activate(context.Background(), "second"); waiting <- err }()
	b.eventually(t, func() bool { return b.List("")[0].Waiting == 1 })
	b.Stop(b.key, "a")
	require.ErrorIs(t, <-waiting, function.ErrUnknown)
}

func TestTable_IdleInstanceIsEvictedAndComesBack(t *testing.T) {
	b := newBench(1)
	require.NoError(t, b.init(t.Context(), "a"))
	b.Sweep(b.clock.forward(keepAlive - time.Second))
	assert.Equal(t, "ready", b.state())
	b.Sweep(b.clock.forward(time.Second))
	assert.Equal(t, "cold", b.state())
	b.eventually(t, func() bool { return b.live.Load() == 0 })
	_, err := b.activate(t.Context(), "x")
	require.NoError(t, err)
	assert.Equal(t, "ready", b.state())
	assert.EqualValues(t, 2, b.starts.Load())
	assert.EqualValues(t, 1, b.List("")[0].Evictions)
}

// A process may hang in the kernel. The sweep goes on without it.
func TestTable_InstanceThatCannotBeEndedStopsNoSweep(t *testing.T) {
	b := newBench(1)
	b.stuck = make(chan struct{})
	require.NoError(t, b.init(t.Context(), "a"))
	swept := make(chan struct{})
	go func() { b.Sweep(b.clock.forward(keepAlive)); close(swept) }()
	b.eventually(t, func() bool {
		select {
		case <-swept:
			return true
		default:
			return false
		}
	})
	assert.EqualValues(t, 1, b.live.Load())
	close(b.stuck)
	b.eventually(t, func() bool { return b.live.Load() == 0 })
}

func TestTable_LeaseExpiresWithoutRuns(t *testing.T) {
	b := newBench(1)
	require.NoError(t, b.init(t.Context(), "a"))
	b.clock.forward(lease / 2)
	_, err := b.activate(t.Context(), "renews it")
	require.NoError(t, err)
	b.Sweep(b.clock.forward(lease - time.Second))
	assert.NotEmpty(t, b.state())
	b.Sweep(b.clock.forward(2 * time.Second))
	assert.Empty(t, b.state())
	b.eventually(t, func() bool { return b.closed.Load() == 1 })
}

func TestTable_LeaseDoesNotExpireDuringARun(t *testing.T) {
	b := newBench(1)
	entered, release := b.blockRuns()
	require.NoError(t, b.init(t.Context(), "a"))
	done := make(chan error, 1)
	go func() { _, err := b.activate(context.Background(), "x"); done <- err }()
	<-entered
	b.Sweep(b.clock.forward(2 * lease))
	assert.Equal(t, "ready", b.state())
	release()
	require.NoError(t, <-done)
}

func TestTable_DrainRefusesAndWaits(t *testing.T) {
	b := newBench(1)
	entered, release := b.blockRuns()
	require.NoError(t, b.init(t.Context(), "a"))
	done := make(chan error, 1)
	go func() { _, err := b.activate(context.Background(), "x"); done <- err }()
	<-entered
	short, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("too long"))
	require.ErrorContains(t, b.Drain(short), "too long")
	_, err := b.activate(t.Context(), "late")
	require.ErrorIs(t, err, function.ErrDraining)
	require.ErrorIs(t, b.init(t.Context(), "late"), function.ErrDraining)
	release()
	require.NoError(t, b.Drain(t.Context()))
	require.NoError(t, <-done)
	assert.EqualValues(t, 0, b.live.Load())
}

func TestTable_TenantsDoNotSeeEachOther(t *testing.T) {
	b := newBench(1)
	require.NoError(t, b.init(t.Context(), "a"))
	other := b.key
	other.Tenant = "u"
	_, err := b.Run(t.Context(), other, "a", []byte("x"), noSink{})
	require.ErrorIs(t, err, function.ErrUnknown)
	b.Stop(other, "a")
	assert.Len(t, b.List("t"), 1)
	assert.Empty(t, b.List("u"))
}
