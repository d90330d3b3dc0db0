package policy

import (
	"math"
	"time"
)

// Copy is a function on a server.
type Copy struct {
	function *Function
	server   *Server
	state    State
	place    int       // in held
	own      int       // runs sent and not ended
	since    time.Time // of this state
	used     time.Time // a run ended there
	full     time.Time // until then it refuses runs
	cold     bool      // ready, but without a process: the next run starts one
	started  time.Time // the last run that has started a process was sent
	starting time.Time // ready, and since then a run starts a process; zero: none does
	there    bool      // and the server has said meanwhile that there is a process

	typical  average // log of the seconds that runs take
	pace     float64 // log of how many times longer than elsewhere they surely take
	failures average // share of runs that failed
}

// Server is where the copy is.
func (c *Copy) Server() *Server { return c.server }

// State is whether the copy is initialising or ready.
func (c *Copy) State() State { return c.state }

// Cold is whether the copy is ready, but has no process: the next run starts one.
func (c *Copy) Cold() bool { return c.cold }

// become changes the state and keeps the list of those that are held.
func (c *Copy) become(to State, now time.Time) {
	from := c.state
	c.state, c.since, c.cold, c.starting = from.transition(to), now, false, time.Time{}
	fn := c.function
	switch Initialising {
	case to:
		fn.inits++
	case from:
		fn.inits--
	}
	switch {
	case from == Absent:
		c.place = len(fn.held)
		fn.held, fn.on = append(fn.held, c), append(fn.on, c.server)
	case to == Absent:
		end := len(fn.held) - 1
		last := fn.held[end]
		fn.held[c.place], fn.on[c.place], last.place = last, last.server, c.place
		fn.held[end], fn.on[end] = nil, nil
		fn.held, fn.on = fn.held[:end], fn.on[:end]
	}
}

// unknownRun is what a run is taken for to last before any was seen anywhere.
const unknownRun = 0.1 // s

// service is how long a run takes there, in seconds: from its own runs, else
// from what the function takes elsewhere and how fast the server is. What is not
// seen again is forgotten: a server that was slow is tried again.
func (c *Copy) service(now time.Time, forget time.Duration) float64 {
	switch t := &c.function.timing; {
	case c.typical.n > 0:
		if c.pace == 0 {
			return t.mean.value
		}
		return t.mean.value * math.Exp(c.pace*c.typical.held(now, forget))
	case t.logs.n > 0:
		return t.mean.value * math.Exp(c.server.pace.value)
	case c.server.runs.n > 0:
		return c.server.runs.value
	}
	return unknownRun
}

// ahead is how many runs have to end before one that is sent now begins, and of
// how many at once: the server's, or the function's own where its limit is what
// there is to wait for.
func (c *Copy) ahead(fresh time.Time) (runs, of int) {
	runs, of = c.server.ahead(fresh), c.server.Slots()
	if limit := c.function.limit; limit > 0 && c.own+1-limit > runs {
		return c.own + 1 - limit, limit
	}
	return runs, of
}

// idle is whether a run that is sent now surely begins at once.
func (c *Copy) idle(fresh time.Time) bool {
	s, limit := c.server, c.function.limit
	return s.free() && !s.at.Before(fresh) && (limit == 0 || c.own < limit)
}

// initLeft is how much longer an init under way takes, or the start of a process,
// which takes as long. One that is overdue is believed to take half as long again.
func (c *Copy) initLeft(assumed time.Duration, now time.Time) time.Duration {
	since := c.since
	switch {
	case !c.starting.IsZero():
		since = c.starting
	case c.state != Initialising:
		return 0
	}
	gone := now.Sub(since)
	return max(c.function.initTime(assumed)-gone, gone/2)
}

// lostEarly is 1 if the function was on the server lately and was evicted early;
// else 0.
func (c *Copy) lostEarly(keepAlive time.Duration, now time.Time) float64 {
	if c.used.IsZero() || now.Sub(c.used) >= keepAlive {
		return 0
	}
	return 1
}
