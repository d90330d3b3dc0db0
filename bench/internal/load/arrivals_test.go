package load_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/bench/internal/load"
)

// take returns the first n arrivals, none of which comes before its predecessor.
func take(t *testing.T, arrivals load.Arrivals, n int) (at []time.Duration) {
	t.Helper()
	for range n {
		a, ok := arrivals.Next()
		if !ok || a.Function != load.AnyFunction || len(at) > 0 && a.At < at[len(at)-1] {
			t.Fatalf("arrival %d is %v, %v", len(at), a, ok)
		}
		at = append(at, a.At)
	}
	return at
}

// gaps returns the mean of the times between arrivals, in seconds, and how much they
// vary in proportion to it.
func gaps(at []time.Duration) (mean, variation float64) {
	n := float64(len(at) - 1)
	mean = (at[len(at)-1] - at[0]).Seconds() / n
	var squares float64
	for i := range at[1:] {
		d := (at[i+1] - at[i]).Seconds() - mean
		squares += d * d
	}
	return mean, math.Sqrt(squares/n) / mean
}

func TestConstant_HasEqualGapsAndDoesNotDrift(t *testing.T) {
	at := take(t, load.Constant(3), 300_001)
	assert.Zero(t, at[0])
	assert.InDelta(t, 100_000, at[300_000].Seconds(), 1e-6)
	mean, variation := gaps(at)
	assert.InDelta(t, 1.0/3, mean, 1e-9)
	assert.InDelta(t, 0, variation, 1e-6)
}

func TestPoisson_HasExponentialGaps(t *testing.T) {
	at := take(t, load.Poisson(200, 1), 100_000)
	mean, variation := gaps(at)
	assert.InEpsilon(t, 1.0/200, mean, 0.02)
	assert.InEpsilon(t, 1, variation, 0.02)
	long := 0
	for i := range at[1:] {
		if (at[i+1] - at[i]).Seconds() > 1.0/200 {
			long++
		}
	}
	assert.InEpsilon(t, math.Exp(-1), float64(long)/100_000, 0.02, "gaps above the mean")
	assert.Equal(t, at, take(t, load.Poisson(200, 1), 100_000), "the same seed")
	assert.NotEqual(t, at, take(t, load.Poisson(200, 2), 100_000), "another seed")
}

func TestBursty_ComesInBurstsAtTheRateOnAverage(t *testing.T) {
	const on, off = 100 * time.Millisecond, 400 * time.Millisecond
	at := take(t, load.Bursty(200, on, off, 1), 100_000)
	mean, variation := gaps(at)
	assert.InEpsilon(t, 1.0/200, mean, 0.02)
	assert.Greater(t, variation, 1.5, "more than a Poisson process")
	assert.False(t, slices.ContainsFunc(at, func(a time.Duration) bool { return a%(on+off) >= on }), "between bursts")
}

func TestReadTrace_TakesSecondsUnitsAndFunctions(t *testing.T) {
	trace, err := load.ReadTrace(strings.NewReader("at,function\n# recorded\n0.5,1\n\n250ms , 0\n1e-3\n2s,3\n"))
	require.NoError(t, err)
	assert.Equal(t, 4, trace.Len())
	assert.Equal(t, 4, trace.Functions())
	assert.Equal(t, 2*time.Second, trace.Length())
	for _, want := range []load.Arrival{{time.Millisecond, load.AnyFunction}, {250 * time.Millisecond, 0}, {500 * time.Millisecond, 1}, {2 * time.Second, 3}} {
		got, ok := trace.Next()
		assert.True(t, ok)
		assert.Equal(t, want, got)
	}
	_, ok := trace.Next()
	assert.False(t, ok)
}

func TestReadTrace_SaysWhichLineIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"1\nlater":   `line 2: "later" is no time`,
		"-1":         `line 1: "-1" is no time`,
		"NaN\nNaN":   `line 2: "NaN" is no time`,
		"1e300":      `line 1: "1e300" is no time`,
		"1\n2,first": `line 2: "first" is no number of a function`,
		"1,-1":       `line 1: "-1" is no number of a function`,
	} {
		_, err := load.ReadTrace(strings.NewReader(text))
		assert.ErrorContains(t, err, want)
	}
	empty, err := load.ReadTrace(strings.NewReader(""))
	require.NoError(t, err)
	assert.Zero(t, empty.Len())
	assert.Zero(t, empty.Functions())
	assert.Zero(t, empty.Length())
}

func TestOpen_SendsATracesRunsToTheirFunctions(t *testing.T) {
	var targets []*load.Target
	var containers []*container
	for _, function := range []int{0, 1, 0} {
		c := newContainer(t, echo)
		c.Function = function
		containers, targets = append(containers, c), append(targets, c.Target)
	}
	trace, err := load.ReadTrace(strings.NewReader(strings.Repeat("0,0\n", 10) + strings.Repeat("1ms,1\n", 7)))
	require.NoError(t, err)
	r := load.Open(t.Context(), targets, newEcho(t, 12), trace, load.Plan{})
	assert.EqualValues(t, 17, r.Answered)
	assert.Empty(t, r.Errors)
	assert.Len(t, append(containers[0].sent(), containers[2].sent()...), 10)
	assert.Len(t, containers[1].sent(), 7)
	for _, run := range containers[1].sent() {
		assert.Equal(t, "/guest/load-000001", run.ActionName)
	}
}
