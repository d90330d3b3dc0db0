package load_test

import (
	"context"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/bench/internal/load"
)

// stalling answers at once, but for one stall in which nothing is answered.
func stalling(stall time.Duration) func(http.ResponseWriter, sentRun) {
	var mu sync.Mutex
	n := 0
	return func(w http.ResponseWriter, run sentRun) {
		mu.Lock()
		if n++; n == 50 {
			time.Sleep(stall) // this is the stall
		}
		mu.Unlock()
		echo(w, run)
	}
}

func TestOpen_CountsWhatAStallKeptWaiting(t *testing.T) {
	const stall = 400 * time.Millisecond
	c := newContainer(t, stalling(stall))
	c.Concurrency = 1000
	open := load.Open(t.Context(), []*load.Target{c.Target}, newEcho(t, 12), load.Constant(500), load.Plan{Runs: 500})
	c = newContainer(t, stalling(stall))
	closed := load.Closed(t.Context(), []*load.Target{c.Target}, newEcho(t, 12), load.Plan{Callers: 1, Runs: 500})

	assert.EqualValues(t, 500, open.Answered)
	assert.EqualValues(t, 500, closed.Answered)
	slow := int64(0)
	for _, bar := range open.Latency.Distribution() {
		if bar.From >= int64(stall/4) {
			slow += bar.Count
		}
	}
	assert.GreaterOrEqual(t, slow, int64(140), "three quarters of the 200 that were due in the stall waited a quarter of it")
	assert.Greater(t, open.Latency.ValueAtQuantile(80), closed.Latency.ValueAtQuantile(80))
	assert.GreaterOrEqual(t, open.Latency.ValueAtQuantile(99), int64(stall/2))
	assert.GreaterOrEqual(t, open.Latency.Max(), open.Service.Max())
	assert.EqualValues(t, 500, open.Lag.TotalCount())
}

func TestOpen_ALateGeneratorCountsAgainstTheResult(t *testing.T) {
	c := newContainer(t, echo)
	const late = 50 * time.Millisecond
	overslept := func(d time.Duration) { time.Sleep(d + late) }
	r := load.Open(t.Context(), []*load.Target{c.Target}, newEcho(t, 12), load.Constant(2000), load.Plan{Runs: 100, Sleep: overslept})
	assert.EqualValues(t, 100, r.Answered)
	assert.GreaterOrEqual(t, r.Lag.Max(), int64(late-time.Millisecond))
	assert.GreaterOrEqual(t, r.Latency.Max(), int64(late-time.Millisecond))
}

func TestOpen_DroppedRunsAreFailures(t *testing.T) {
	release := make(chan struct{})
	arrived := make(chan struct{}, 100)
	c := newContainer(t, func(w http.ResponseWriter, run sentRun) {
		arrived <- struct{}{}
		<-release
		echo(w, run)
	})
	c.Concurrency = 2 // the third waits for one of them
	open := sync.OnceFunc(func() { close(release) })
	r := load.Open(t.Context(), []*load.Target{c.Target}, newEcho(t, 12), atOnce{}, load.Plan{InFlight: 3, Runs: 20, Progress: func(ended int64) {
		if ended == 17 { // all that could not be sent
			open()
		}
	}})
	assert.EqualValues(t, 3, r.Answered)
	assert.EqualValues(t, 17, r.Failed)
	assert.EqualValues(t, 17, r.Dropped)
	assert.EqualValues(t, 17, r.Errors["not sent: as many runs as may be were in flight"])
	assert.Len(t, arrived, 3)
}

// busy counts the runs that are in a container at once.
type busy struct{ now, most atomic.Int64 }

func (b *busy) echo(w http.ResponseWriter, run sentRun) {
	n := b.now.Add(1)
	for most := b.most.Load(); n > most && !b.most.CompareAndSwap(most, n); most = b.most.Load() {
	}
	runtime.Gosched()
	b.now.Add(-1)
	echo(w, run)
}

func TestLoops_GiveAContainerNoMoreThanItTakes(t *testing.T) {
	for name, loop := range map[string]func(targets []*load.Target) load.Result{
		"closed": func(targets []*load.Target) load.Result {
			return load.Closed(t.Context(), targets, newEcho(t, 12), load.Plan{Callers: 8, Runs: 300})
		},
		"open": func(targets []*load.Target) load.Result {
			return load.Open(t.Context(), targets, newEcho(t, 12), atOnce{}, load.Plan{Runs: 300})
		},
	} {
		t.Run(name, func(t *testing.T) {
			var one, three busy
			single, triple := newContainer(t, one.echo), newContainer(t, three.echo)
			triple.Concurrency = 3
			r := loop([]*load.Target{single.Target, triple.Target})
			assert.Empty(t, r.Errors)
			assert.EqualValues(t, 300, r.Answered)
			assert.EqualValues(t, 1, one.most.Load())
			assert.LessOrEqual(t, three.most.Load(), int64(3))
			assert.NotEmpty(t, single.sent())
			assert.NotEmpty(t, triple.sent())
			assert.GreaterOrEqual(t, r.Latency.Max(), r.Wait.Max())
		})
	}
}

func TestOpen_GivesUpWhatWaitsWhenItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := newContainer(t, func(w http.ResponseWriter, run sentRun) {
		cancel()
		echo(w, run)
	})
	r := load.Open(ctx, []*load.Target{c.Target}, newEcho(t, 12), atOnce{}, load.Plan{InFlight: 10})
	assert.EqualValues(t, r.Answered, len(c.sent()), "what was sent is awaited")
	assert.EqualValues(t, r.Failed-r.Dropped, r.Errors["not sent: the load was ended while it waited for a container"])
}

// atOnce has all its arrivals at once.
type atOnce struct{}

func (atOnce) Next() (load.Arrival, bool) { return load.Arrival{Function: load.AnyFunction}, true }
