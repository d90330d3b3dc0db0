package activation_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/activation"
)

var (
	errFailed  = errors.New("it failed")
	errRefused = errors.New("it was not started")
)

func newTable(most int, budget int64) *activation.Table {
	return activation.New(most, budget, func(err error) (error, bool) { return err, !errors.Is(err, errRefused) })
}

func named(id string) activation.Key { return activation.Key{ID: id} }

// enter records a run that is remembered until the Unix second at.
func enter(t *testing.T, of *activation.Table, id string, at int64) (*activation.Run, bool) {
	t.Helper()
	run, first, err := of.Enter(t.Context(), named(id), time.Unix(at, 0), false)
	require.NoError(t, err)
	return run, first
}

func TestTable_ASecondCallerGetsTheOutcomeOfTheFirst(t *testing.T) {
	for name, c := range map[string]struct {
		result []byte
		err    error
	}{"a result": {[]byte(`{}`), nil}, "a failure": {nil, errFailed}} {
		table := newTable(10, 100)
		run, first := enter(t, table, "a", 5)
		require.True(t, first, name)
		joined, first := enter(t, table, "a", 5)
		assert.False(t, first, name)
		table.Finish(run, c.result, c.err)
		<-joined.Done()
		later, first := enter(t, table, "a", 5)
		assert.False(t, first, name)
		for _, one := range []*activation.Run{joined, later} {
			result, err := one.Outcome()
			assert.Equal(t, c.result, result, name)
			assert.Equal(t, c.err, err, name)
		}
	}
}

func TestTable_WhatWasNotStartedMayBeTriedAgain(t *testing.T) {
	table := newTable(10, 100)
	run, _ := enter(t, table, "a", 5)
	table.Finish(run, nil, errRefused)
	assert.Zero(t, table.Len())
	_, first := enter(t, table, "a", 5)
	assert.True(t, first)
}

func TestTable_WithoutAnIDNothingIsJoined(t *testing.T) {
	table := newTable(0, 0)
	for range 3 {
		run, first := enter(t, table, "", 5)
		assert.True(t, first, "it needs no place")
		table.Finish(run, nil, nil)
	}
	_, _, err := table.Enter(t.Context(), named(""), time.Time{}, true)
	assert.ErrorIs(t, err, activation.ErrUnknown)
}

func TestTable_ForgetsNothingEarly(t *testing.T) {
	table := newTable(2, 100)
	for _, id := range []string{"a", "b"} {
		run, _ := enter(t, table, id, 5)
		table.Finish(run, []byte(id), nil)
	}
	_, _, err := table.Enter(t.Context(), named("c"), time.Time{}, false)
	assert.ErrorIs(t, err, activation.ErrFull)
	table.Sweep(time.Unix(5, 0))
	assert.EqualValues(t, 2, table.Len())
	table.Sweep(time.Unix(6, 0))
	assert.Zero(t, table.Len())
	_, _, err = table.Enter(t.Context(), named("a"), time.Time{}, true)
	assert.ErrorIs(t, err, activation.ErrUnknown, "it was sent before, and is not executed a second time")
}

// Beyond the budget results are dropped, but not that the runs were executed.
func TestTable_ResultsStayWithinTheBudget(t *testing.T) {
	table := newTable(10, 3)
	for _, id := range []string{"a", "b"} {
		run, _ := enter(t, table, id, 5)
		table.Finish(run, []byte("12"), nil)
	}
	gone := 0
	for _, id := range []string{"a", "b"} {
		run, first := enter(t, table, id, 5)
		assert.False(t, first)
		if _, err := run.Outcome(); errors.Is(err, activation.ErrResultGone) {
			gone++
		}
	}
	assert.Equal(t, 1, gone)
}

func TestRun_IsCancelledWithItsLastCaller(t *testing.T) {
	table := newTable(10, 100)
	run, _ := enter(t, table, "a", 5)
	joined, _ := enter(t, table, "a", 5)
	assert.Equal(t, 2, table.Callers())
	run.CallerLeft(0)
	assert.Eventually(t, func() bool { return table.Callers() == 1 }, time.Minute, time.Millisecond)
	assert.NoError(t, run.Context().Err())
	joined.CallerLeft(0)
	<-run.Context().Done()
	assert.ErrorIs(t, context.Cause(run.Context()), activation.ErrCancelled)
}

func TestTable_CancelsARunByItsKey(t *testing.T) {
	table := newTable(10, 100)
	run, _ := enter(t, table, "a", 5)
	table.Cancel(named("b"))
	assert.NoError(t, run.Context().Err())
	table.Cancel(named("a"))
	assert.ErrorIs(t, context.Cause(run.Context()), activation.ErrCancelled)
}
