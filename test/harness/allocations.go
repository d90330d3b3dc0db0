package harness

import "testing"

// Allocations returns how often do allocates. It also counts what other
// goroutines allocate meanwhile, which a busy machine has more of, so it
// returns the least of several measurements.
func Allocations(what func()) float64 {
	least := testing.AllocsPerRun(100, what)
	for range 9 {
		least = min(least, testing.AllocsPerRun(100, what))
	}
	return least
}
