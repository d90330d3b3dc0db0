package policy

import "fmt"

// Health is whether a server gets runs.
type Health int

// States of a server.
const (
	Healthy      Health = iota
	Ejected             // it failed too often: no runs until its time is over
	Probing             // its time is over: one run at a time shows whether it is well
	Recovering          // new, or well again: its part of the runs grows (slow start)
	Unidentified        // announced, or another process than before, and not well yet: no runs where others are
	Draining            // it said that it leaves: no new runs, those in flight finish
	Gone                // removed from the fleet
)

var healthNames = [...]string{"healthy", "ejected", "probing", "recovering", "unidentified", "draining", "gone"}

func (h Health) String() string { return healthNames[h] }

// healthEdges are the transitions that exist. A server that drained comes back
// when another process answers at its address.
var healthEdges = map[Health][]Health{
	Healthy:      {Ejected, Unidentified, Draining, Gone},
	Ejected:      {Probing, Unidentified, Draining, Gone},
	Probing:      {Recovering, Ejected, Unidentified, Draining, Gone},
	Recovering:   {Healthy, Ejected, Unidentified, Draining, Gone},
	Unidentified: {Recovering, Draining, Gone},
	Draining:     {Recovering, Unidentified, Gone},
}

// transition returns the new state, and panics on an edge that does not exist:
// that is a mistake in this package, never in its input.
func (h Health) transition(to Health) Health {
	for _, next := range healthEdges[h] {
		if next == to {
			return to
		}
	}
	panic(fmt.Sprintf("policy: no transition of a server from %s to %s", h, to))
}
