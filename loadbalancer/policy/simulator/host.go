package simulator

import (
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// host is a server at work.
type host struct {
	Server
	s         *simulation
	number    int
	functions map[int]*held
	busy      int    // slots
	queue     []*run // those that wait for a slot
}

// held is a function that a host has, or is initialising.
type held struct {
	ready   bool
	used    time.Duration
	runs    int      // in flight or waiting
	waiting []func() // for the init
}

// run is a request at a host.
type run struct {
	function int
	length   time.Duration // at this host
	done     func()
}

// load is what the host reports.
func (h *host) load() runtimespec.Load {
	if h.Lies {
		return runtimespec.Load{Slots: 4096}
	}
	return runtimespec.Load{InFlight: h.busy, Slots: h.Slots, Queued: len(h.queue)}
}

// scaled is how long something takes at this host.
func (h *host) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) / h.Speed)
}

// has reports whether a function is ready, and will be used now.
func (h *host) has(f int) bool {
	fn := h.functions[f]
	if fn == nil || !fn.ready {
		return false
	}
	fn.used = h.s.now
	return true
}

// have makes a function ready, if it takes an init, and then goes on.
func (h *host) have(f int, then func()) {
	if h.has(f) {
		then()
		return
	}
	fn := h.functions[f]
	if fn == nil {
		h.makeRoom()
		fn = &held{used: h.s.now}
		h.functions[f] = fn
		if h.s.now >= h.s.WarmUp {
			h.s.result.Inits++
		}
		h.s.after(h.scaled(h.s.Functions[f].Init), func() {
			fn.ready, fn.used = true, h.s.now
			for _, next := range fn.waiting {
				next()
			}
			fn.waiting = nil
		})
	}
	fn.waiting = append(fn.waiting, then)
}

// makeRoom evicts the function that was used longest ago and has no runs, if
// there is no room for one more.
func (h *host) makeRoom() {
	if h.Holds == 0 || len(h.functions) < h.Holds {
		return
	}
	victim := -1
	for f, fn := range h.functions {
		if !fn.ready || fn.runs > 0 {
			continue
		}
		if v := h.functions[victim]; v == nil || fn.used < v.used || fn.used == v.used && f < victim {
			victim = f
		}
	}
	delete(h.functions, victim)
}

// enter takes a run of a function that is ready.
func (h *host) enter(r *run) {
	h.functions[r.function].runs++
	if h.busy >= h.Slots {
		h.queue = append(h.queue, r)
		return
	}
	h.start(r)
}

func (h *host) start(r *run) {
	h.busy++
	h.s.after(r.length, func() {
		h.busy--
		fn := h.functions[r.function]
		fn.runs--
		fn.used = h.s.now
		if len(h.queue) > 0 {
			next := h.queue[0]
			h.queue = h.queue[1:]
			h.start(next)
		}
		r.done()
	})
}
