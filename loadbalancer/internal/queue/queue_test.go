package queue_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/queue"
)

type line = queue.Queue[string, string]

// filled is a queue that runs have joined, each named for its function, of the
// tenant that its first letter names.
func filled(t *testing.T, runs ...string) *line {
	t.Helper()
	l := &line{}
	l.Limit(queue.Limits{Entries: 100, Bytes: 100})
	for _, run := range runs {
		_, cause := l.Join(run[:1], function(run), run, 1)
		require.Empty(t, cause)
	}
	return l
}

func function(run string) string { return strings.TrimRight(run, "0123456789") }

// served are the runs in the order in which they are taken out.
func served(l *line, most int, agreed func(run string) bool) (runs []string) {
	for l.Next(most, func(run string) bool {
		if agreed(run) {
			runs = append(runs, run)
			return true
		}
		return false
	}) {
	}
	return runs
}

func all(string) bool { return true }

func TestLine_TurnsGoRoundTenantsThenFunctions(t *testing.T) {
	l := filled(t, "ax1", "ax2", "ax3", "ay1", "ay2", "bz1", "bz2", "cx1")
	assert.Equal(t, []string{"ax1", "bz1", "cx1", "ay1", "bz2", "ax2", "ay2", "ax3"}, served(l, 10, all))
	assert.Zero(t, l.Len())
}

func TestLine_AFunctionThatFindsNothingHoldsUpNoOther(t *testing.T) {
	l := filled(t, "ax1", "ax2", "ay1", "bx1", "bz1")
	assert.Equal(t, []string{"ay1", "bz1"}, served(l, 10, func(run string) bool { return !strings.Contains(run, "x") }))
	assert.Equal(t, []string{"ax1", "bx1", "ax2"}, served(l, 10, all), "in the order in which they came")
}

// With more functions than are looked at for one slot, each is looked at in turn.
func TestLine_LooksAtAllInTheEnd(t *testing.T) {
	l := filled(t, "aa", "ab", "ac", "ba", "bb", "ca", "cb")
	seen := map[string]bool{}
	for range 4 {
		looked := 0
		assert.False(t, l.Next(2, func(run string) bool { looked++; seen[run] = true; return false }))
		assert.Equal(t, 2, looked)
	}
	assert.Len(t, seen, 7)
}

func TestLine_WhoReturnsIsTheFirstOfItsFunction(t *testing.T) {
	l := filled(t)
	one, _ := l.Join("a", "ax", "ax1", 1)
	other, _ := l.Join("a", "ax", "ax2", 1)
	require.True(t, l.First("ax", all))
	assert.False(t, l.Leave(one), "it was taken out")
	l.Return(one)
	assert.Equal(t, 2, l.Waiting("ax"))
	assert.False(t, l.First("ax", func(run string) bool { assert.Equal(t, "ax1", run); return false }))
	assert.True(t, l.Leave(one))
	assert.False(t, l.Leave(one))
	assert.Equal(t, []string{"ax2"}, served(l, 10, all))
	assert.False(t, l.Leave(other))
	assert.False(t, l.First("ax", all))
}

func TestLine_IsBoundedAndNoTenantTakesAll(t *testing.T) {
	l := &line{}
	join := func(tenant string, bytes int64) queue.Cause {
		_, cause := l.Join(tenant, tenant, "", bytes)
		return cause
	}
	assert.Equal(t, queue.Full, join("a", 0), "none may wait")
	l.Limit(queue.Limits{Entries: 8, Bytes: 100})
	for range 4 {
		assert.Empty(t, join("a", 1))
	}
	assert.Equal(t, queue.Tenant, join("a", 1), "as many as are left")
	assert.Empty(t, join("b", 1))
	assert.Empty(t, join("b", 1))
	assert.Equal(t, queue.Tenant, join("b", 1))
	assert.Empty(t, join("c", 1))
	assert.Empty(t, join("d", 1), "who comes anew finds the last")
	assert.Equal(t, queue.Full, join("e", 1))

	l = &line{}
	l.Limit(queue.Limits{Entries: 100, Bytes: 100})
	assert.Empty(t, join("a", 50))
	assert.Equal(t, queue.Tenant, join("a", 1))
	assert.Equal(t, queue.Bytes, join("b", 51))
	assert.Empty(t, join("b", 50))
	assert.Equal(t, queue.Bytes, join("c", 1))
	assert.Empty(t, join("c", 0))
}

func TestUntil_EndsBeforeTheRunsTimeDoes(t *testing.T) {
	now := time.Unix(1000, 0)
	for _, c := range []struct{ left, wait, want time.Duration }{
		{0, 10 * time.Second, 10 * time.Second}, // no deadline
		{time.Minute, 10 * time.Second, 10 * time.Second},
		{5 * time.Second, 10 * time.Second, 4500 * time.Millisecond},
		{30 * time.Second, time.Minute, 29 * time.Second},
		{100 * time.Millisecond, time.Minute, 90 * time.Millisecond},
		{-time.Second, time.Minute, -time.Second},
	} {
		var deadline time.Time
		if c.left != 0 {
			deadline = now.Add(c.left)
		}
		assert.Equal(t, c.want, queue.Until(now, deadline, c.wait).Sub(now), "%+v", c)
	}
}
