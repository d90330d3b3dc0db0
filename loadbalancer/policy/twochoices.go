package policy

import (
	"cmp"
	"math/rand/v2"
	"time"
)

// twoChoices draws two servers and takes the one that costs less.
type twoChoices struct {
	cost func(*Server) float64
}

// newP2C compares runs per slot.
func newP2C() Policy { return twoChoices{cost: (*Server).fill} }

// newPeakEWMA compares how long answers took lately, peaks above all, times the
// runs that are there (Finagle).
func newPeakEWMA() Policy {
	return twoChoices{cost: func(s *Server) float64 {
		return cmp.Or(s.peak.value, unknownRun) * float64(s.Load()+1)
	}}
}

// Pick implements Policy.
func (p twoChoices) Pick(r Request, f *Fleet, now time.Time, rng *rand.Rand) Choice {
	a := draw(r, f, now, rng, nil)
	if a == nil {
		return Choice{}
	}
	b := draw(r, f, now, rng, a)
	if b != nil && p.cost(b) < p.cost(a) {
		a = b
	}
	return Choice{Server: a, Why: Spread}
}
