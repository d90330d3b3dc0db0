package policy

import (
	"math/rand/v2"
	"time"
)

// Policy decides which server gets a run. It does no I/O and reads no clock; it
// may keep state, which the lock over the fleet guards too.
//
// A custom policy is one method: go through [Fleet.Servers] or
// [Function.Copies], leave out servers that [Fleet.Takes] says no to, return one of the
// rest. examples/custom-policy and the simple policies of this package show how.
type Policy interface {
	// Pick returns a choice without a server when none may take the run.
	Pick(r Request, f *Fleet, now time.Time, rng *rand.Rand) Choice
}

// Request is a run that needs a server.
type Request struct {
	Function *Function
	Tried    []*Server // these have refused it and are not picked again

	anyWeight bool // servers in slow start are taken like all others
}

// Choice is what became of a request.
type Choice struct {
	Server *Server       // nil: none may take it
	Why    Why           // for logs and metrics
	Wait   time.Duration // expected before the run begins, without an init; feeds ScaleOut
}

// Why says what a choice was made for.
type Why int

// Reasons for a choice.
const (
	NoServer Why = iota // no server may take the run
	Warm                // the function is ready there
	Joining             // it is being initialised there, and that is soonest
	Cold                // no server has it, or a process of it: one is to be started
	Overflow            // waiting where it is ready takes longer than initialising it there
	Probed              // to learn whether an ejected server is well again
	Spread              // the policy does not look at what servers hold
)

var whyNames = [...]string{"no-server", "warm", "joining", "cold", "overflow", "probed", "spread"}

func (w Why) String() string { return whyNames[w] }
