package policy

import (
	"math"
	"time"
)

// Run is a run in flight, or an init and the run that it is for.
type Run struct {
	copy *Copy
	at   time.Time
	part float64 // of the time until its answer that it is expected to execute, the rest waits

	starts bool // a process of the copy's
}

// Sent counts a run from the moment in which its server was picked, before any
// init, so that the next pick knows of it.
func (f *Fleet) Sent(fn *Function, s *Server, now time.Time) Run {
	c := fn.copy(s)
	ahead, of := c.ahead(time.Time{})
	starts := c.cold
	if starts {
		f.reloads.add(c.lostEarly(f.options.KeepAlive, now), many, now)
		c.cold, c.starting, c.started, c.there = false, now, now, false
	}
	c.own++
	f.leave(s)
	s.own++
	s.change++
	f.enter(s)
	return Run{copy: c, at: now, part: float64(of) / float64(of+ahead), starts: starts}
}

// Outcome is how a run ended, as far as its server is concerned.
type Outcome int

// Outcomes of a run.
const (
	Answered Outcome = iota // with whatever the action made of it: an action's error is an answer
	Refused                 // not started, and by no fault: saturated, draining, unknown function
	Failed                  // no answer, or one that is the server's fault
	Left                    // the caller went away: it says nothing about the server
)

// Answer is the end of a run.
type Answer struct {
	Outcome    Outcome
	Took       time.Duration // from its first byte to the answer, without an init; 0: since it was sent
	RetryAfter time.Duration // of a refusal for want of room: this function is not sent there for so long
}

// Done ends a run. A load report that came with the answer is handed to
// [Fleet.Report] after it.
func (f *Fleet) Done(run Run, a Answer, now time.Time) {
	c, s := run.copy, run.copy.server
	c.own--
	f.leave(s)
	s.own--
	s.change--
	f.enter(s)
	c.used = now
	if run.starts && c.starting.Equal(run.at) {
		c.cold, c.starting = a.Outcome == Refused && !c.there, time.Time{}
	}
	took := a.Took
	if took == 0 {
		took = now.Sub(run.at)
	}
	switch a.Outcome {
	case Answered:
		c.cold, c.starting = false, time.Time{}
		c.failures.add(0, few, now)
		c.learn(seconds(took), run.part, now)
		f.succeeded(s, now)
	case Failed:
		c.failures.add(1, few, now)
		if x := seconds(took); c.typical.n > 0 && math.Log(x*run.part) > c.typical.value {
			c.learn(x, run.part, now) // late failures show a slow server, quick ones no fast one
		}
		f.failed(s, now)
	case Refused:
		if a.RetryAfter > 0 {
			c.full = now.Add(min(a.RetryAfter, f.options.Ejection))
		}
	}
}

// learn takes in how long a run took until its answer.
func (c *Copy) learn(took, part float64, now time.Time) {
	s, t := c.server, &c.function.timing
	s.peak.add(took, now)
	x := took * part
	log := math.Log(x)
	c.typical.add(log, few, now)
	t.add(x, log-c.typical.value, now)
	s.pace.add(log-t.logs.value, few, now)
	s.runs.add(min(x, tailCut*math.Exp(t.logs.value)), many, now)
	c.pace = t.shrunk(c.typical.value-t.logs.value, c.typical.n)
}

// mostSlots is how many slots are believed: a server that says more would have
// all the room there is.
const mostSlots = 4096

// Report takes in a load report, with an answer or a health check.
func (f *Fleet) Report(s *Server, l Load, now time.Time) {
	l = Load{InFlight: max(0, l.InFlight), Slots: min(max(0, l.Slots), mostSlots), Queued: max(0, l.Queued)}
	f.leave(s)
	s.reported, s.at, s.change = l, now, 0
	f.enter(s)
}
