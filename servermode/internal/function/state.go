package function

import "fmt"

// State is where a function is in its life.
type State int

// States of a function.
const (
	Cold     State = iota // known, no process: the next run starts one
	Starting              // its first process is being started
	Ready                 // at least one process is alive
	Draining              // freed: no new runs, those in flight finish
	Gone                  // nothing is left of it
)

var stateNames = [...]string{"cold", "starting", "ready", "draining", "gone"}

func (s State) String() string { return stateNames[s] }

// edges are the transitions that exist.
var edges = map[State][]State{
	Cold:     {Starting, Draining},
	Starting: {Ready, Cold, Draining},
	Ready:    {Cold, Draining},
	Draining: {Gone},
}

// transition returns the new state. It panics on an edge that does not exist, which
// is a mistake in this package, never in its input.
func (s State) transition(to State) State {
	if s == to {
		return s
	}
	for _, next := range edges[s] {
		if next == to {
			return to
		}
	}
	panic(fmt.Sprintf("function: no transition from %s to %s", s, to))
}
