package hosts

import (
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
}

// NewDecider returns one that has seen nothing yet.
func NewDecider(cfg Config) *Decider {
	return &Decider{cfg: cfg.withDefaults(), idle: map[string]time.Time{}}
}

// Next takes what is seen now, every few seconds, and returns what is to be
// done. After Up and Down nothing else is until Done was called.
func (d *Decider) Next(s Signals, now time.Time) Action {
	totals := s.totals()
	d.note(s, totals, now)
	a := d.decide(s, totals, now)
	a.Totals = totals
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
		fallthrough
	case watching:
		return d.look(s, totals, now)
	case draining:
		return d.empty(s, totals, now)
	}
	return Action{} // the hook is at work
}

// look decides when nothing is under way.
func (d *Decider) look(s Signals, totals Totals, now time.Time) Action {
	full := !d.saturated.IsZero()
	switch {
	case totals.Hosts < min(d.cfg.Min, d.cfg.Max):
		return d.grow(fmt.Sprintf("there are %d hosts, fewer than %d", totals.Hosts, d.cfg.Min), now)
	case full && now.Sub(d.saturated) >= d.cfg.UpAfter && totals.Hosts < d.cfg.Max:
		return d.grow(fmt.Sprintf("saturated for %v: %d of %d slots in use, %d wait, %d refused",
			now.Sub(d.saturated), totals.InFlight, totals.Slots, totals.Queued, totals.Refused), now)
	case full || totals.Ready <= max(d.cfg.Min, 1):
		return Action{}
	}
	return d.shrink(s, totals, now)
}

func (d *Decider) grow(why string, now time.Time) Action {
	d.to(growing, now)
	d.saturated = time.Time{} // what it is after the cool-down counts
	return Action{Kind: Up, Why: why}
}

// shrink drains the host that had nothing to do for longest, of equals the last,
// unless the others would be saturated without it.
func (d *Decider) shrink(s Signals, totals Totals, now time.Time) Action {
	var found *Host
	for i, h := range s.Hosts {
		since, idle := d.idle[h.Name]
		if idle && now.Sub(since) >= d.cfg.DownAfter && (found == nil || !since.After(d.idle[found.Name])) {
			found = &s.Hosts[i]
		}
	}
	if found == nil {
		return Action{}
	}
	rest := totals
	rest.Ready--
	if rest.Slots -= found.Slots; rest.saturated(d.cfg.Busy) {
		return Action{}
	}
	d.leaving = *found
	d.to(draining, now)
	return Action{Kind: Drain, Host: d.leaving, Why: fmt.Sprintf("nothing to do for %v", now.Sub(d.idle[found.Name]))}
}

// empty waits until nothing runs any more on the host that goes.
func (d *Decider) empty(s Signals, totals Totals, now time.Time) Action {
	for _, h := range s.Hosts {
		switch {
		case h.Name != d.leaving.Name:
		case totals.saturated(d.cfg.Busy):
			d.to(cooling, now)
			return Action{Kind: Resume, Host: h, Why: "it is needed after all"}
		case h.idle():
			d.leaving = h
			d.to(ending, now)
			return Action{Kind: Down, Host: h, Why: "it is drained"}
		case now.Sub(d.since) >= d.cfg.DrainFor:
			d.to(cooling, now)
			return Action{Kind: Resume, Host: h, Why: fmt.Sprintf("it still has %d runs after %v", h.InFlight+h.Queued, now.Sub(d.since))}
		default:
			return Action{}
		}
	}
	d.to(cooling, now) // it has gone by itself
	return Action{}
}

// Done says that the hook has ended. After a Down that failed the host gets work
// again: it is still there.
func (d *Decider) Done(failed bool, now time.Time) Action {
	a := Action{}
	if d.state == ending && failed {
		a = Action{Kind: Resume, Host: d.leaving, Why: "the hook failed"}
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
