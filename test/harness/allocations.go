package harness

import "testing"

// Allocations is how often something allocates. What goes on beside it is counted
// too, and a machine with much to do has more of that, so the least of several
// measurements is taken: what it does itself is in each.
func Allocations(what func()) float64 {
	least := testing.AllocsPerRun(100, what)
	for range 9 {
		least = min(least, testing.AllocsPerRun(100, what))
	}
	return least
}
