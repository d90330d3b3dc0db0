package autoscale

import (
	"fmt"
	"time"
)

// shrink drains the host that had nothing to do for longest, of equals the last,
// unless the others would be saturated without it.
func (d *Decider) shrink(s Signals, totals Totals, now time.Time) Action {
	var found *Host
	for i, h := range s.Hosts {
		since, idle := d.idle[h.Name]
		if idle && !h.Fixed && now.Sub(since) >= d.cfg.DownAfter && (found == nil || !since.After(d.idle[found.Name])) {
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
	return Action{Kind: Drain, Host: d.leaving, Why: fmt.Sprintf("nothing to do for %v", now.Sub(d.idle[found.Name]).Round(time.Millisecond))}
}

// empty waits until nothing runs any more on the host that goes. One that has gone by
// itself, or that an operator has drained or returned meanwhile, is left alone.
func (d *Decider) empty(s Signals, totals Totals, now time.Time) Action {
	h, there := s.host(d.leaving.Name)
	switch {
	case !there || !h.Leaving:
		d.to(cooling, now)
	case totals.saturated(d.cfg.Busy):
		d.to(cooling, now)
		return Action{Kind: Resume, Host: h, Why: "it is needed after all"}
	case h.idle():
		d.leaving = h
		d.to(ending, now)
		return Action{Kind: Down, Host: h, Why: "it is drained"}
	case now.Sub(d.since) >= d.cfg.DrainFor:
		d.to(cooling, now)
		return Action{Kind: Resume, Host: h, Why: fmt.Sprintf("it is not known to be idle after %v: it has %d runs", now.Sub(d.since).Round(time.Millisecond), h.InFlight+h.Queued)}
	}
	return Action{}
}

// LetBe says that the host which was to go has become the operator's, before the hook
// was told.
func (d *Decider) LetBe(now time.Time) Action {
	d.to(cooling, now)
	return Action{}
}

// host is the one of that name.
func (s Signals) host(name string) (Host, bool) {
	for _, h := range s.Hosts {
		if h.Name == name {
			return h, true
		}
	}
	return Host{}, false
}
