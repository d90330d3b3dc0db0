package autoscale

import (
	"errors"
	"fmt"
	"time"
)

// Decider says when hosts come and go. It reads no clock, and is not safe for
// concurrent use.
type Decider struct {
	cfg   Config
	state state
	since time.Time // in that state

	saturated time.Time            // since when all are; zero: they are not
	idle      map[string]time.Time // since when each has nothing to do
	leaving   Host                 // while draining or ending
	ended     string               // the host that the hook has ended, until the cool-down is over
	asked     asked
}

// NewDecider returns one that has seen nothing yet. It does nothing for a
// cool-down: an earlier one may have acted a moment ago, and the hosts that it
// knew come one after the other.
func NewDecider(cfg Config, now time.Time) *Decider {
	return &Decider{cfg: cfg.withDefaults(), state: cooling, since: now, idle: map[string]time.Time{}}
}

// Configure has the owner's latest word hold from now on.
func (d *Decider) Configure(cfg Config) { d.cfg = cfg.withDefaults() }

// Next takes what is seen now, every few seconds, and returns what is to be done.
// After Up and Down nothing is until Done was called.
func (d *Decider) Next(s Signals, now time.Time) Action {
	totals := s.Totals()
	d.note(s, totals, now)
	if d.asked.look(s); d.state != growing {
		d.asked.giveUp(askedFor*d.cfg.CoolDown, now)
	}
	a := d.decide(s, totals, now)
	a.Totals, a.Min, a.Max = totals, d.cfg.Min, d.cfg.Max
	return a
}

// note remembers since when hosts are saturated or have nothing to do.
func (d *Decider) note(s Signals, totals Totals, now time.Time) {
	switch {
	case !totals.saturated(d.cfg.Busy):
		d.saturated = time.Time{}
	case d.saturated.IsZero():
		d.saturated = now
	}
	seen := map[string]time.Time{}
	for _, h := range s.Hosts {
		if h.Ready && h.idle() {
			seen[h.Name] = now
			if since, known := d.idle[h.Name]; known {
				seen[h.Name] = since
			}
		}
	}
	d.idle = seen
}

func (d *Decider) decide(s Signals, totals Totals, now time.Time) Action {
	switch d.state {
	case cooling:
		if now.Sub(d.since) < d.cfg.CoolDown {
			return Action{}
		}
		d.to(watching, now)
		if h, still := s.host(d.ended); still && h.Leaving {
			d.ended = ""
			return Action{Kind: Resume, Host: h, Why: "the hook has ended it, but it is still there"}
		}
		d.ended = ""
		fallthrough
	case watching:
		return d.look(s, totals, now)
	case draining:
		return d.empty(s, totals, now)
	}
	return Action{} // the hook is at work
}

// look decides when nothing is under way. Hosts that were asked for and have not
// come yet count, or the owner would get more than the most.
func (d *Decider) look(s Signals, totals Totals, now time.Time) Action {
	full := !d.saturated.IsZero()
	hosts := totals.Hosts + len(d.asked.times)
	switch {
	case hosts < min(d.cfg.Min, d.cfg.Max):
		return d.grow(fmt.Sprintf("there are %d hosts, fewer than %d", totals.Hosts, d.cfg.Min), now)
	case full && now.Sub(d.saturated) >= d.cfg.UpAfter && hosts < d.cfg.Max:
		return d.grow(fmt.Sprintf("saturated for %v: %d of %d slots in use, %d wait, %d refused",
			now.Sub(d.saturated).Round(time.Millisecond), totals.InFlight, totals.Slots, totals.Queued, totals.Refused), now)
	case full || totals.Ready <= max(d.cfg.Min, 1):
		return Action{}
	}
	return d.shrink(s, totals, now)
}

func (d *Decider) grow(why string, now time.Time) Action {
	d.to(growing, now)
	d.saturated = time.Time{} // what it is after the cool-down counts
	d.asked.times = append(d.asked.times, now)
	return Action{Kind: Up, Why: why}
}

// Done says that the hook has ended, and how. After an Up with an unknown
// outcome a host may come; after a Down that failed the host gets work
// again: it is still there.
func (d *Decider) Done(err error, now time.Time) Action {
	a := Action{}
	failed := err != nil
	switch {
	case d.state == growing && failed && !errors.Is(err, ErrOpen):
		d.asked.cancelRequest()
	case d.state == growing:
		d.asked.begin(now)
	case d.state == ending && failed:
		a = Action{Kind: Resume, Host: d.leaving, Why: "the hook failed"}
	case d.state == ending:
		d.ended = d.leaving.Name
	}
	d.to(cooling, now)
	return a
}

func (d *Decider) to(next state, now time.Time) {
	if !transition(d.state, next) {
		panic(fmt.Sprintf("hosts: from %v to %v", d.state, next)) // a mistake in here
	}
	d.state, d.since = next, now
}
