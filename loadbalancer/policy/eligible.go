package policy

import (
	"math/rand/v2"
	"slices"
	"time"
)

// probe is a server that a run may show to be well again. At first it gets only
// runs that need no init for that, or would need one anywhere.
func (f *Fleet) probe(r Request, now time.Time) *Server {
	for _, s := range f.servers {
		if s.health != Probing || s.own > 0 || slices.Contains(r.Tried, s) {
			continue
		}
		cheap := len(r.Function.held) == 0 || r.Function.On(s) == Ready
		if cheap || now.Sub(s.since) >= f.options.SlowStart {
			return s
		}
	}
	return nil
}

// Takes reports whether a policy may choose a server for a request. A server in
// slow start says yes as often as its part of the runs is.
func (f *Fleet) Takes(s *Server, r Request, now time.Time, rng *rand.Rand) bool {
	if !f.usable(s, r.Tried) {
		return false
	}
	slow := s.health == Recovering && f.count[Healthy] > 0 && !r.anyWeight
	return !slow || rng.Float64() < f.weight(s, now)
}

// usable is whether a server gets runs at all.
func (f *Fleet) usable(s *Server, tried []*Server) bool {
	switch s.health {
	case Draining, Gone:
		return false
	case Unidentified:
		if !s.known || f.count[Healthy]+f.count[Recovering] > 0 {
			return false
		}
	case Ejected, Probing:
		if !f.panics() {
			return false
		}
	}
	return len(tried) == 0 || !slices.Contains(tried, s)
}

// panics is whether so many servers are ejected that the cause is hardly theirs,
// or the rest could not do the work: then all are used.
func (f *Fleet) panics() bool {
	out := f.count[Ejected] + f.count[Probing]
	in := f.count[Healthy] + f.count[Recovering]
	return out > 0 && float64(in) < f.options.Panic*float64(in+out)
}

// firstPart is the part of its runs that a server in slow start begins with.
const firstPart = 0.1

// weight is the part of its runs that a server gets.
func (f *Fleet) weight(s *Server, now time.Time) float64 {
	if s.health != Recovering || f.count[Healthy] == 0 {
		return 1
	}
	gone := now.Sub(s.since).Seconds() / f.options.SlowStart.Seconds()
	return min(1, firstPart+(1-firstPart)*max(0, gone))
}
