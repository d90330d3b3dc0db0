package policy

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Fleet is the servers, what is known about them, and sums over them, so that a
// pick need not go through all. Nothing in it is locked: its owner holds one
// lock over a fleet, its functions and its policy, for each call and no longer.
type Fleet struct {
	options Options
	servers []*Server
	hashes  []uint64 // of the servers' names, side by side for placement

	count       [Gone + 1]int // servers by health
	load, slots int           // of those that are healthy or recovering
	free        int           // of those the servers with a free slot
	reloads     average       // share of inits that reload what was evicted early
	marked      uint64        // counts calls of mark
	swept       time.Time
}

// NewFleet makes a fleet without servers.
func NewFleet(o Options) *Fleet { return &Fleet{options: o.withDefaults()} }

// Add makes a server a member. All balancers have to use the same names: places
// of functions follow from them. It begins with a small part of the runs, unless
// all do.
func (f *Fleet) Add(name string, now time.Time) *Server { return f.add(name, Recovering, now) }

// Announce makes a member of one that is not known to be a server yet: it gets
// no runs until [Fleet.Return].
func (f *Fleet) Announce(name string, now time.Time) *Server { return f.add(name, Unidentified, now) }

func (f *Fleet) add(name string, health Health, now time.Time) *Server {
	s := &Server{name: name, hash: hashOf(name), health: health, since: now}
	f.servers = append(f.servers, s)
	f.hashes = append(f.hashes, s.hash)
	f.enter(s)
	return s
}

// Remove ends a membership. Runs in flight there may still be ended; functions
// forget the server by [Fleet.Prune].
func (f *Fleet) Remove(s *Server, now time.Time) {
	at := slices.Index(f.servers, s)
	if at < 0 {
		return
	}
	f.become(s, Gone, now)
	f.servers = slices.Delete(f.servers, at, at+1)
	f.hashes = slices.Delete(f.hashes, at, at+1)
}

// Servers are the members, in the order in which they were added; not to be
// changed or kept.
func (f *Fleet) Servers() []*Server { return f.servers }

// Pick asks a policy. Before that an ejected server whose time is over is tried
// with one run, and if the policy finds none, servers in slow start are taken
// like all others.
func (f *Fleet) Pick(p Policy, r Request, now time.Time, rng *rand.Rand) Choice {
	if f.count[Probing] > 0 {
		if s := f.probe(r, now); s != nil {
			return Choice{Server: s, Why: Probed}
		}
	}
	c := p.Pick(r, f, now, rng)
	if c.Server == nil && f.count[Recovering] > 0 {
		r.anyWeight = true
		c = p.Pick(r, f, now, rng)
	}
	return c
}

// enter adds a server to the sums, leave takes it out; between the two it may
// change.
func (f *Fleet) enter(s *Server) { f.sum(s, 1) }
func (f *Fleet) leave(s *Server) { f.sum(s, -1) }

func (f *Fleet) sum(s *Server, sign int) {
	f.count[s.health] += sign
	if s.InRotation() {
		f.load += sign * s.Load()
		f.slots += sign * s.Slots()
		if s.free() {
			f.free += sign
		}
	}
}

// become changes a server's health.
func (f *Fleet) become(s *Server, to Health, now time.Time) {
	from := s.health
	f.leave(s)
	s.health, s.since = from.transition(to), now
	f.enter(s)
	if f.options.Changed != nil {
		f.options.Changed(s, from, to)
	}
}
