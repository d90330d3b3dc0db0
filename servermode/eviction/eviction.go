// Package eviction decides which idle instances a host gives up when it is short of
// places or memory. It is pure: what it needs to know is passed in, so that policies
// can be compared outside a server.
package eviction

import (
	"cmp"
	"slices"
	"time"
)

// Candidate is an idle instance that may be evicted.
type Candidate struct {
	Idle   time.Duration // since its last use
	Bytes  int64         // of memory that its end gives back; 0: unknown, or none is needed
	Pinned bool          // its function asked to be kept forever: it goes last
}

// Need is what the host is short of.
type Need struct {
	Places int   // instances
	Bytes  int64 // of memory
}

// Policy chooses victims. It chooses no more than the need asks for, and fewer only
// when the candidates run out.
type Policy interface {
	// Victims returns indices of candidates, the first to go first.
	Victims(candidates []Candidate, need Need) []int
}

// LongestIdle evicts the instances that have been idle longest.
type LongestIdle struct{}

// Victims implements Policy.
func (LongestIdle) Victims(candidates []Candidate, need Need) []int {
	order := make([]int, len(candidates))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := candidates[a], candidates[b]
		if x.Pinned != y.Pinned {
			if x.Pinned {
				return 1
			}
			return -1
		}
		return cmp.Compare(y.Idle, x.Idle)
	})
	return order[:need.victims(candidates, order)]
}

// victims returns how many of the candidates, taken in order, satisfy the need.
func (n Need) victims(candidates []Candidate, order []int) int {
	for i, at := range order {
		if n.Places <= 0 && n.Bytes <= 0 {
			return i
		}
		n.Places--
		n.Bytes -= max(candidates[at].Bytes, 1) // of unknown size: it gives back something
	}
	return len(order)
}
