package policy

import (
	"hash/fnv"
	"math"
	"time"
)

// Placement is by rendezvous hashing: each function has an order of all servers,
// which follows from names alone, so that balancers that share nothing place
// alike, and a server that comes or goes moves only what it takes. It is placed
// with the first whose load is within a bound of the mean, so that no server is
// swamped by popular functions.

// hashOf spreads a name over 64 bits, the same in every balancer.
func hashOf(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return mix(h.Sum64())
}

// mix is the finalizer of SplitMix64: each bit of x changes half of the result.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// place is the first server in a function's order that may take it and is within
// the bound; if none is, the one of those that may with the least load per slot.
func (f *Fleet) place(function uint64, now time.Time, may func(*Server) bool) *Server {
	if s := f.first(function, func(s *Server) bool { return f.within(s, now) && may(s) }); s != nil {
		return s
	}
	var least *Server
	for _, s := range f.servers {
		if may(s) && (least == nil || s.fill() < least.fill()) {
			least = s
		}
	}
	return least
}

// first is the first server in a function's order that may take it. Only those
// that would come before what was found are looked at, which are few.
func (f *Fleet) first(function uint64, may func(*Server) bool) *Server {
	var found *Server
	var highest uint64
	for i, h := range f.hashes {
		if score := mix(h ^ function); score >= highest && may(f.servers[i]) {
			found, highest = f.servers[i], score
		}
	}
	return found
}

// room is where one more copy of a function may help: the first server in its
// order that does not have it, has a free slot and is within the bound.
func (f *Fleet) room(fn *Function, tried []*Server, now time.Time) *Server {
	if f.free == 0 {
		return nil
	}
	f.mark(fn)
	return f.first(fn.hash, func(s *Server) bool {
		return s.mark != f.marked && s.ahead(time.Time{}) == 0 && f.within(s, now) && f.usable(s, tried)
	})
}

// mark marks the servers that have a function, so that a pick asks each of them
// rather than a table.
func (f *Fleet) mark(fn *Function) {
	f.marked++
	for _, s := range fn.on {
		s.mark = f.marked
	}
}

// within is whether a server's load is below the bound: its slots' part of the
// load that there is with one run more, and somewhat above. A server in slow
// start gets less.
func (f *Fleet) within(s *Server, now time.Time) bool {
	part := float64(s.Slots()) / math.Max(1, float64(f.slots))
	limit := f.options.Bound * float64(f.load+1) * part
	return float64(s.Load()) < limit*f.weight(s, now)
}
