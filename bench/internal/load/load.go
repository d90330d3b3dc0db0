// Package load sends runs to containers as OpenWhisk's invoker does, counts the
// answers and measures how long they took. It shares the CPUs with what it
// measures, so a run costs it few allocations and two system calls.
package load

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Plan says how much load to make, and for how long. Without For and Runs it
// lasts until the context ends, or the arrivals do.
type Plan struct {
	Callers  int           // closed loop: number of runs at any time; at least 1
	InFlight int           // open loop: most runs at once, including those that wait for a container; 0: DefaultInFlight
	For      time.Duration // measured time, after the warm-up
	Runs     int64         // measured runs, after the warm-up
	Warmup   time.Duration // runs that start in it are made and checked, but not measured
	Limit    time.Duration // for each run; 0: DefaultLimit
	// Progress is called, some times a second, with the number of measured runs
	// that have ended; may be nil.
	Progress func(ended int64)
	// Sleep waits about that long in the open loop; nil: with the kernel's
	// timer, which is finer than the runtime's.
	Sleep func(time.Duration)
}

// Defaults of a plan.
const (
	DefaultInFlight = 1024
	DefaultLimit    = time.Minute
)

// Result is the outcome of a load. Times are in nanoseconds, of answered runs
// only, and at most 10 minutes: a longer time counts as that.
type Result struct {
	// Latency is from when a run was due until its answer, the sum of the
	// others. In a closed loop a run is due when its caller's last one is
	// answered.
	Latency *hdrhistogram.Histogram
	Lag     *hdrhistogram.Histogram // how late the generator itself was; nil in a closed loop
	Wait    *hdrhistogram.Histogram // until a container was free
	Service *hdrhistogram.Histogram // from when it was sent

	Answered int64 // with the right answer
	Failed   int64 // with none or another, and the dropped
	Dropped  int64 // of the failed: not sent, because as many as may be were in flight

	WarmupAnswered int64
	WarmupFailed   int64

	Errors  map[string]int64 // what failed runs failed with, the warm-up's too
	Elapsed time.Duration    // from the end of the warm-up until the last answer, in an open loop at least Plan.For
}

// Rate is answered runs per second.
func (r Result) Rate() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Answered) / r.Elapsed.Seconds()
}
