// Package load sends runs to containers as OpenWhisk's invoker does, counts what
// comes back and measures how long it took. It shares the CPUs with what it
// measures, so a run costs it few allocations and two system calls.
package load

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Plan says how much load, and for how long. Without For and Runs it goes on
// until the context ends, or the arrivals do.
type Plan struct {
	Callers  int           // closed loop: so many runs at any time; at least 1
	InFlight int           // open loop: at most so many at once; 0: DefaultInFlight
	For      time.Duration // measured time, after the warm-up
	Runs     int64         // measured runs, after the warm-up
	Warmup   time.Duration // runs that begin in it are made and checked, but not measured
	Limit    time.Duration // for each run; 0: DefaultLimit
	// Progress is told, some times a second, how many runs have ended; may be nil.
	Progress func(ended int64)
	// Sleep waits about that long in the open loop; nil: with the kernel's timer,
	// which is finer than the runtime's.
	Sleep func(time.Duration)
}

// What a plan has that says nothing about it.
const (
	DefaultInFlight = 1024
	DefaultLimit    = time.Minute
)

// Result is what a load showed. Times are in nanoseconds, of answered runs only,
// and at most 10 minutes: a longer one counts as that.
type Result struct {
	// Latency is from when a run was due until its answer: in a closed loop from
	// when it was sent. An open loop's has the generator's own delay in it.
	Latency *hdrhistogram.Histogram
	Service *hdrhistogram.Histogram // open loop: from when it was sent; nil otherwise
	Lag     *hdrhistogram.Histogram // open loop: how late the generator sent it; nil otherwise

	Answered int64 // with the right answer
	Failed   int64 // with none or another, and the dropped
	Dropped  int64 // not sent, because as many as may be were in flight

	WarmupAnswered int64
	WarmupFailed   int64

	Errors  map[string]int64 // what failed runs failed with, the warm-up's too
	Elapsed time.Duration    // from the end of the warm-up until the last answer
}

// Rate is answered runs per second.
func (r Result) Rate() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Answered) / r.Elapsed.Seconds()
}
