package policy

import (
	"math/rand/v2"
	"time"
)

// What is here does not look at what servers hold, only at the servers.

// roundRobin goes through the servers in turn.
type roundRobin struct{ next int }

func newRoundRobin() Policy { return &roundRobin{} }

// Pick implements Policy.
func (p *roundRobin) Pick(r Request, f *Fleet, now time.Time, rng *rand.Rand) Choice {
	for range f.servers {
		p.next = (p.next + 1) % len(f.servers)
		if s := f.servers[p.next]; f.Takes(s, r, now, rng) {
			return Choice{Server: s, Why: Spread}
		}
	}
	return Choice{}
}

// random takes any server.
type random struct{}

func newRandom() Policy { return random{} }

// Pick implements Policy.
func (random) Pick(r Request, f *Fleet, now time.Time, rng *rand.Rand) Choice {
	if s := draw(r, f, now, rng, nil); s != nil {
		return Choice{Server: s, Why: Spread}
	}
	return Choice{}
}

// draw is a server at random that takes the request and is not the other one.
// The draws end: with few servers left they are sought from a random one on.
func draw(r Request, f *Fleet, now time.Time, rng *rand.Rand, other *Server) *Server {
	if len(f.servers) == 0 {
		return nil
	}
	const draws = 8
	for range draws {
		if s := f.servers[rng.IntN(len(f.servers))]; s != other && f.Takes(s, r, now, rng) {
			return s
		}
	}
	start := rng.IntN(len(f.servers))
	for i := range f.servers {
		if s := f.servers[wrap(start+i, len(f.servers))]; s != other && f.Takes(s, r, now, rng) {
			return s
		}
	}
	return nil
}

// leastLoaded takes the server with the fewest runs per slot.
type leastLoaded struct{}

func newLeastLoaded() Policy { return leastLoaded{} }

// Pick implements Policy.
func (leastLoaded) Pick(r Request, f *Fleet, now time.Time, rng *rand.Rand) Choice {
	if len(f.servers) == 0 {
		return Choice{}
	}
	var best *Server
	var least float64
	start := rng.IntN(len(f.servers)) // equals take turns
	for i := range f.servers {
		s := f.servers[wrap(start+i, len(f.servers))]
		if fill := s.fill(); (best == nil || fill < least) && f.Takes(s, r, now, rng) {
			best, least = s, fill
		}
	}
	if best == nil {
		return Choice{}
	}
	return Choice{Server: best, Why: Spread}
}

// consistentHash takes the first server in the function's order whose load is
// within the bound (consistent hashing with bounded loads).
type consistentHash struct{}

func newConsistentHash() Policy { return consistentHash{} }

// Pick implements Policy.
func (consistentHash) Pick(r Request, f *Fleet, now time.Time, rng *rand.Rand) Choice {
	s := f.place(r.Function.hash, now, func(s *Server) bool { return f.usable(s, r.Tried) })
	if s == nil {
		return Choice{}
	}
	return Choice{Server: s, Why: Spread}
}
