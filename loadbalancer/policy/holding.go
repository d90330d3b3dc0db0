package policy

import "time"

// InitStarted says that an init of the function begins on a server; false if one is
// under way there or it is ready.
func (f *Fleet) InitStarted(fn *Function, s *Server, now time.Time) bool {
	c := fn.copy(s)
	if c.state != Absent || s.health == Gone {
		return false
	}
	f.reloads.add(c.lostEarly(f.options.KeepAlive, now), many, now)
	c.become(Initialising, now)
	return true
}

// Ready says that a server has the function. The time of an init that was under
// way there is learnt.
func (f *Fleet) Ready(fn *Function, s *Server, now time.Time) {
	c := fn.copy(s)
	if c.state == Ready || s.health == Gone {
		return
	}
	if c.state == Initialising {
		fn.init.add(now.Sub(c.since).Seconds(), few, now)
	}
	c.become(Ready, now)
}

// Cold says whether a server that has the function had no process of it left at
// some time. It needs no init for that, but its next run waits for a start.
func (f *Fleet) Cold(fn *Function, s *Server, cold bool, at time.Time) {
	c := fn.copies[s]
	if c == nil || c.state != Ready || cold && (c.since.After(at) || c.started.After(at)) {
		return
	}
	c.cold, c.there = cold, !cold
	if cold {
		c.starting = time.Time{}
	}
}

// Absent says that a server does not have the function, or no longer: an init
// failed, or the server evicted it, was restarted, or is draining.
func (f *Fleet) Absent(fn *Function, s *Server, now time.Time) {
	if c := fn.copies[s]; c != nil && c.state != Absent {
		c.become(Absent, now)
	}
}

// Prune forgets what a function had on servers that are gone, and what was absent
// and unused for so long that nothing about it counts any more. It is called now
// and then, and takes as long as there are copies.
func (f *Fleet) Prune(fn *Function, now time.Time) {
	for s, c := range fn.copies {
		gone := s.health == Gone
		if gone && c.state != Absent {
			c.become(Absent, now)
		}
		if gone || c.state == Absent && now.Sub(c.used) >= f.options.KeepAlive && now.Sub(c.since) >= f.options.KeepAlive {
			delete(fn.copies, s)
		}
	}
}
