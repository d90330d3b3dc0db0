// Package autoscale calls an owner's hook when there are too few servers, or more than
// are needed. The hook rents and returns hosts. This package decides when, and which
// one goes: [Decider] decides and does nothing else, with the time passed in; a [Hook]
// is the command or the URL; [Keeper] brings the two together.
//
// A new host joins by itself. One that goes is drained first: it gets no new
// work, and the hook is called when nothing runs there any more.
package autoscale

import "time"

// Host is a server as the balancer sees it at some time.
type Host struct {
	Name     string
	URL      string
	Ready    bool // it is given work
	Leaving  bool // a Drain took it out of rotation, no operator did, and it has not been put back
	Fixed    bool // it stays in the list whatever becomes of it: it is never ended
	Stale    bool // what it said last is too old to show that it has nothing to do
	InFlight int  // runs there
	Inits    int  // in flight there, and functions that it has to hand over
	Slots    int  // runs it could execute at once
	Queued   int  // runs that wait there
}

// idle is a host that is known to have nothing to do.
func (h Host) idle() bool { return !h.Stale && h.InFlight == 0 && h.Queued == 0 && h.Inits == 0 }

// Signals are all hosts at some time.
type Signals struct {
	Hosts   []Host // all that are known, in a stable order
	Refused int    // runs that found no room anywhere since the last signals
	Waiting int    // runs that wait for any of them
}

// Totals are what signals come to, over hosts that are given work.
type Totals struct {
	Hosts    int `json:"hosts"`
	Ready    int `json:"ready"`
	InFlight int `json:"in_flight"`
	Slots    int `json:"slots"`
	Queued   int `json:"queued"`
	Refused  int `json:"refused"`
}

// Totals sums them up.
func (s Signals) Totals() Totals {
	t := Totals{Hosts: len(s.Hosts), Refused: s.Refused, Queued: s.Waiting}
	for _, h := range s.Hosts {
		if h.Ready {
			t.Ready++
			t.InFlight += h.InFlight
			t.Slots += h.Slots
			t.Queued += h.Queued
		}
	}
	return t
}

// saturated reports whether one more host would be of use: none is ready, runs are
// queued or refused, or at least that part of the slots is busy.
func (t Totals) saturated(busy float64) bool {
	return t.Ready == 0 || t.Queued > 0 || t.Refused > 0 || float64(t.InFlight) >= busy*float64(t.Slots)
}

// Config is what the owner says.
type Config struct {
	Min, Max  int           // hosts, of whatever health; the last is never ended, and with Max 0 none is requested
	Busy      float64       // the fleet is saturated from this part of busy slots on [0.9]
	UpAfter   time.Duration // of saturation before one more host is requested [30s]
	DownAfter time.Duration // that a host is idle before it is drained and ended [10m]
	CoolDown  time.Duration // before the first action and between two: a new host takes its time to join [3m]
	DrainFor  time.Duration // the longest that a host drains before it gets work again [15m]
}

func (c Config) withDefaults() Config {
	set(&c.Busy, 0.9)
	set(&c.UpAfter, 30*time.Second)
	set(&c.DownAfter, 10*time.Minute)
	set(&c.CoolDown, 3*time.Minute)
	set(&c.DrainFor, 15*time.Minute)
	return c
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
