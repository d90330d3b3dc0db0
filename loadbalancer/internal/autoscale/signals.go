// Package autoscale has an owner's hook called when there are too few servers or
// more than are needed. What rents and returns hosts is the owner's; here is when,
// and which one goes: [Decider] decides and does nothing, with the time passed
// in; a [Hook] is the command or the URL; [Keeper] brings the two together.
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
	Leaving  bool // it was drained by a Drain and by nobody else, and is not given work since
	Fixed    bool // it stays in the list whatever becomes of it, so that it never goes
	Stale    bool // what it said last is too old to show that it has nothing to do
	InFlight int  // runs there
	Loading  int  // functions that it is about to have, or to hand over
	Slots    int  // runs it could execute at once
	Queued   int  // runs that wait there
}

// idle is a host that is known to have nothing to do.
func (h Host) idle() bool { return !h.Stale && h.InFlight == 0 && h.Queued == 0 && h.Loading == 0 }

// Signals are all hosts at some time.
type Signals struct {
	Hosts   []Host // all that are known, in a stable order
	Refused int    // runs that found no room anywhere since the signals before
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

// saturated reports whether one more host would be of use: nobody is there, runs
// wait or are refused, or so large a part of the slots is taken.
func (t Totals) saturated(busy float64) bool {
	return t.Ready == 0 || t.Queued > 0 || t.Refused > 0 || float64(t.InFlight) >= busy*float64(t.Slots)
}

// Config is what the owner says.
type Config struct {
	Min, Max  int           // hosts that there may be, well or not; the last is never ended, and with Max 0 none is asked for
	Busy      float64       // part of the slots in use from which on hosts are saturated [0.9]
	UpAfter   time.Duration // how long they are saturated before one more is asked for [30s]
	DownAfter time.Duration // how long a host has nothing to do before it goes [10m]
	CoolDown  time.Duration // before the first action and between two: a new host takes its time to come [3m]
	DrainFor  time.Duration // the longest that one that goes is waited for [15m]
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
