package function

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestCounts_Arrival(t *testing.T) {
	for name, c := range map[string]struct {
		counts counts
		want   verdict
	}{
		"idle":                          {counts{idle: 1, busy: 3, limit: 4, queue: 5}, takeIdle},
		"idle goes before a fresh one":  {counts{idle: 1, limit: 4, queue: 5}, takeIdle},
		"cold":                          {counts{limit: 4, queue: 5}, takeFresh},
		"busy: wait before growing":     {counts{busy: 1, limit: 4, queue: 5}, wait},
		"busy, but a process has room":  {counts{busy: 1, open: 1, limit: 4, queue: 5}, takeFresh},
		"room in a process, not in all": {counts{busy: 4, open: 1, limit: 4, queue: 5}, wait},
		"no queue: grow at once":        {counts{busy: 1, limit: 4}, takeFresh},
		"no queue, and all there may":   {counts{busy: 4, limit: 4}, refuse},
		"last place in the queue":       {counts{busy: 4, limit: 4, waiting: 4, queue: 5}, wait},
		"queue full":                    {counts{busy: 4, limit: 4, waiting: 5, queue: 5}, refuse},
		"queue full, room left":         {counts{busy: 1, limit: 4, waiting: 5, queue: 5}, refuse},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, c.counts.arrival()) })
	}
}

const ms = time.Millisecond

func TestGrowth_Due(t *testing.T) {
	busy := counts{busy: 1, waiting: 4, limit: 8}
	for name, c := range map[string]struct {
		paid       time.Duration
		counts     counts
		head, cost time.Duration
		in         time.Duration
		ok         bool
	}{
		"waited long enough, start costs nothing": {0, busy, 10 * ms, 0, 0, true},
		"too short":                        {0, busy, 3 * ms, 0, 7 * ms, true},
		"waiting has not cost a start yet": {20 * ms, busy, 10 * ms, 100 * ms, 20 * ms, true},
		"waiting has cost a start":         {100 * ms, busy, 10 * ms, 100 * ms, 0, true},
		"no run waits":                     {0, counts{busy: 1, limit: 8}, 0, 0, 0, false},
		"one is being started for each":    {0, counts{busy: 5, starting: 4, waiting: 4, limit: 8}, time.Second, 0, 0, false},
		"some are being started":           {0, counts{busy: 4, starting: 3, waiting: 4, limit: 8}, time.Second, 0, 0, true},
		"as many as there may be":          {0, counts{busy: 8, waiting: 4, limit: 8}, time.Second, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := growth{paid: c.paid}
			in, ok := g.due(c.counts, c.head, 10*ms, c.cost)
			assert.Equal(t, c.ok, ok)
			assert.Equal(t, c.in, in)
		})
	}
}

func TestGrowth_CountsWhatAllRunsWait(t *testing.T) {
	var g growth
	start := time.Unix(100, 0)
	g.pass(start, 0)
	g.pass(start.Add(5*ms), 1)
	g.pass(start.Add(15*ms), 3)
	assert.Equal(t, 35*ms, g.paid)
	g.pass(start.Add(14*ms), 3) // a clock that goes back charges nothing
	assert.Equal(t, 35*ms, g.paid)
	g.decided()
	assert.Zero(t, g.paid)
	g.pass(start.Add(16*ms), 1)
	g.pass(start.Add(20*ms), 0)
	assert.Zero(t, g.paid, "an empty queue forgets")
}

func TestKeeps_SurplusGoesSooner(t *testing.T) {
	assert.Equal(t, time.Hour, keeps(time.Hour, 0))
	assert.Equal(t, 6*time.Minute, keeps(time.Hour, 1))
	assert.Equal(t, Forever, keeps(Forever, 5))
	assert.Zero(t, keeps(0, 0))
}

func TestRetryAfter(t *testing.T) {
	assert.Equal(t, 500*ms, retryAfter(counts{busy: 2, waiting: 9}, 100*ms))
	assert.Zero(t, retryAfter(counts{}, 0))
}

func TestSmooth(t *testing.T) {
	assert.Equal(t, 8*ms, smooth(0, 8*ms))
	assert.Equal(t, 10*ms, smooth(8*ms, 16*ms))
}
