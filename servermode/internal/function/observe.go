package function

import "time"

// Cause is why an instance was ended that could have served on.
type Cause string

// Causes of an eviction.
const (
	CauseIdle   Cause = "idle"   // its keep-alive is over
	CauseMemory Cause = "memory" // the host is short of memory
	CauseRoom   Cause = "room"   // another function needed its place
)

// Observer counts what becomes of functions.
type Observer interface {
	// Function returns the meter of a function that has just become known.
	Function(key Key, info Info) Meter
}

// Meter counts what becomes of one function. Its methods are called from many
// goroutines, some under the function's lock: they must be quick and not block.
type Meter interface {
	// Ran is told of every run that was handed to an instance, at its end.
	Ran(r Ran)
	// Refused is told of every run that no instance saw.
	Refused(err error)
	// Started is told of every start of a process, at its end; took is what an
	// init or a cold run waited for it.
	Started(took time.Duration, err error)
	// Evicted is told of every process that was evicted.
	Evicted(cause Cause)
	// Gone is told when nothing is left of the function.
	Gone()
}

// Ran is one run that was handed to an instance.
type Ran struct {
	Queued time.Duration // from its arrival until it had an instance, a cold start included
	Took   time.Duration // from then until its result
	Cold   bool          // a process was started for it
	Result []byte        // as the instance gave it; not to be kept
	Err    error         // nil: it has a result
}
