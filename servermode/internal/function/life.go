package function

import (
	"slices"
	"time"
)

// touch renews a lease; false when the function is already being freed.
func (f *Function) touch(lease string, until time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state >= Draining || f.closing {
		return false
	}
	f.leases[lease] = until
	return true
}

// giveUp ends a lease and reports whether it was the last; then no new lease
// is taken and the caller must free the function.
func (f *Function) giveUp(lease string) (last bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.leases, lease)
	f.closing = len(f.leases) == 0
	return f.closing
}

// free gives the function up: idle instances end now, busy ones after their
// run, the runs that wait are told to look elsewhere. Call it after the function
// has left the table, so that nothing is routed to what is going away.
func (f *Function) free() {
	f.mu.Lock()
	if f.state >= Draining {
		f.mu.Unlock()
		return
	}
	f.refresh()
	f.become(Draining)
	idle, waiting := f.idle, f.waiting
	f.idle, f.waiting = nil, nil
	if f.timer != nil {
		f.timer.Stop()
	}
	e := f.drop(idle)
	e.told, f.yielding = f.yielding, 0 // what it would have given up is free with the rest
	f.mu.Unlock()
	for _, t := range waiting {
		t.slot <- nil
	}
	f.end(e)
}

// expire is giveUp for all leases that ended before now. A lease cannot run
// out during a run.
func (f *Function) expire(now time.Time) (none bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.busy) > 0 {
		return false
	}
	for lease, until := range f.leases {
		if until.Before(now) {
			delete(f.leases, lease)
		}
	}
	f.closing = len(f.leases) == 0
	return f.closing
}

// evictIdle ends instances that were idle for longer than they are kept: the
// last one for the keep-alive, the others, which were started for a rush, for a
// part of it. The function stays known: its next run starts one again.
func (f *Function) evictIdle(now time.Time) {
	keepAlive := f.table.cfg.Load().keepAlive(f.info.Wish)
	f.mu.Lock()
	f.refresh()
	processes := f.processes()
	var victims []*slot
	f.idle = slices.DeleteFunc(f.idle, func(s *slot) bool { // the longest idle first
		over := now.Sub(s.since) >= keeps(keepAlive, processes-1-len(victims)/f.program.Concurrency())
		if over {
			victims = append(victims, s)
		}
		return over
	})
	e := f.drop(victims)
	f.evicted(e.processes, CauseIdle)
	f.settle()
	f.mu.Unlock()
	if len(victims) > 0 {
		go f.end(e) // one that cannot be ended must not keep the others waiting
	}
}
