package main

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
	"github.com/whiskaway/whiskaway/bench/internal/stats"
)

func measured(t *testing.T, values map[figure]stats.Rounds) *results {
	t.Helper()
	r := newResults(full, &machine{})
	for f, rounds := range values {
		for round, v := range rounds {
			r.note(f.name, f.arm, f.metric, round, v)
		}
	}
	r.judge()
	return r
}

// of returns the verdict on a goal of what.
func of(t *testing.T, r *results, what, goal string) verdict {
	t.Helper()
	for _, v := range r.Verdicts {
		if v.What == what && v.Goal == goal {
			return v
		}
	}
	require.Fail(t, "no such budget", "%s: %s", what, goal)
	return verdict{}
}

const latency12 = "12 B, one caller, p50"

func TestBudget_IsHeldByTheMedianOfTheRoundsRatios(t *testing.T) {
	ours, floor := figure{run12, arms.Ours, p50}, figure{run12, arms.Floor, p50}
	// In the second round the host was ten times slower, and the first ratio is an
	// outlier: neither decides.
	v := of(t, measured(t, map[figure]stats.Rounds{ours: {90, 120, 13}, floor: {30, 100, 10}}), latency12, "≤ 1.3 × the least a second host can cost")
	assert.Equal(t, &stats.Quartiles{Lower: 1.2, Median: 1.3, Upper: 3}, v.Measured)
	assert.True(t, v.Held)
	assert.False(t, of(t, measured(t, map[figure]stats.Rounds{ours: {131}, floor: {100}}), latency12, "≤ 1.3 × the least a second host can cost").Held)
}

func TestBudget_AtLeast(t *testing.T) {
	ours, best := figure{crowd12, arms.Ours, rate}, figure{crowd12, arms.Best, rate}
	goal := "≥ 1.5 × OpenServerless at its best"
	assert.True(t, of(t, measured(t, map[figure]stats.Rounds{ours: {30_000}, best: {20_000}}), "12 B, 16 callers, runs/s", goal).Held)
	assert.False(t, of(t, measured(t, map[figure]stats.Rounds{ours: {29_000}, best: {20_000}}), "12 B, 16 callers, runs/s", goal).Held)
}

func TestBudget_DirectIsTheRealOneWhereItIs(t *testing.T) {
	ours, own, real := figure{run12, arms.Ours, p50}, figure{run12, arms.Direct, p50}, figure{run12, arms.DirectApache, p50}
	v := of(t, measured(t, map[figure]stats.Rounds{ours: {60}, own: {30}}), latency12, "≤ 2.5 × a container, nothing remote")
	assert.Equal(t, 2.0, v.Measured.Median)
	v = of(t, measured(t, map[figure]stats.Rounds{ours: {60}, own: {30}, real: {20}}), latency12, "≤ 2.5 × a container, nothing remote")
	assert.Equal(t, 3.0, v.Measured.Median)
	assert.False(t, v.Held)
}

func TestBudget_WithoutAMeasurementIsNotHeld(t *testing.T) {
	r := measured(t, map[figure]stats.Rounds{{run12, arms.Ours, p50}: {60, math.NaN()}, {run12, arms.Floor, p50}: {math.NaN(), 50}})
	for _, v := range r.Verdicts {
		assert.Nil(t, v.Measured, v.What)
		assert.False(t, v.Held, v.What)
	}
	var out strings.Builder
	r.budgetsTable(&out)
	assert.Equal(t, len(budgets), strings.Count(out.String(), "not measured"))
	assert.NotContains(t, out.String(), "NaN")
}

func TestBudget_FigureItself(t *testing.T) {
	r := measured(t, map[figure]stats.Rounds{{allocsCase, partClient, allocsPer}: {61}, {allocsCase, partServer, allocsPer}: {40}})
	assert.False(t, of(t, r, "allocations per 12 B run, client", "≤ 60").Held)
	assert.True(t, of(t, r, "allocations per 12 B run, server", "≤ 60").Held)
	var out strings.Builder
	r.budgetsTable(&out)
	assert.Regexp(t, `client +\| ≤ 60 +\| 61\.0 \(61\.0–61\.0\) +\| \*\*NO\*\*`, out.String())
}

func TestAllocationsIn(t *testing.T) {
	out := `goos: linux
BenchmarkAllocs_Client-2     	     200	     29123 ns/op	    5612 B/op	      58 allocs/op
BenchmarkAllocs/Server/12B-2 	     200	     29123 ns/op	       0.5 MB/s	    5612 B/op	      41 allocs/op
BenchmarkAllocs/Server/1MB-2 	     200	     29123 ns/op	    5612 B/op	      99 allocs/op
BenchmarkAllocs_ClientToServer-2	     200	     29123 ns/op	    5612 B/op	      97 allocs/op
PASS
`
	assert.Equal(t, map[string]float64{partClient: 58, partServer: 41}, allocationsIn([]byte(out)))
	assert.Empty(t, allocationsIn([]byte("PASS\nok  	github.com/whiskaway/whiskaway/test	0.2s\n")))
}

func TestPicksIn(t *testing.T) {
	assert.Equal(t, map[string]float64{"all but one warm, jammed": 9071, "three warm": 766.2}, picksIn([]byte(`
BenchmarkPick/warm/all_but_one_warm,_jammed-2   	  185976	      9071 ns/op	       0 B/op	       0 allocs/op
BenchmarkPick/warm/three_warm 	 1565036	       766.2 ns/op	       0 B/op	       0 allocs/op
BenchmarkPick/p2c/cold-2      	27591000	        43.65 ns/op	       0 B/op	       0 allocs/op
`)))
}

// What a change costs is judged only where the build before it was measured beside it.
func TestBudget_AnEarlierBuild(t *testing.T) {
	now, then := figure{crowd12, arms.Ours, rate}, figure{crowd12, arms.Before, rate}
	goal := "≥ 0.95 × the earlier build"
	assert.True(t, of(t, measured(t, map[figure]stats.Rounds{now: {96}, then: {100}}), "12 B, 16 callers, runs/s", goal).Held)
	assert.False(t, of(t, measured(t, map[figure]stats.Rounds{now: {94}, then: {100}}), "12 B, 16 callers, runs/s", goal).Held)
	for _, v := range measured(t, map[figure]stats.Rounds{now: {96}}).Verdicts {
		assert.NotEqual(t, goal, v.Goal)
	}
}
