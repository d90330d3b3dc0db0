package function

import (
	"slices"
	"time"
)

// touch renews a lease. It returns false when the function is already being freed.
func (f *Function) touch(lease string, until time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state >= Draining || f.closing {
		return false
	}
	f.leases[lease] = until
	return true
}

// giveUp ends a lease and reports whether it was the last. After the last one, no
// new lease is taken and the caller must free the function.
func (f *Function) giveUp(lease string) (last bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.leases, lease)
	f.closing = len(f.leases) == 0
	return f.closing
}

// free gives the function up. Idle instances end now, busy ones after their run, and
// queued runs are told that the function is unknown. Call it after the function has
// left the table, so that no run is sent to it any more.
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
	e.told, f.yielding = f.yielding, 0 // what it was to yield is freed with the rest
	f.mu.Unlock()
	for _, t := range waiting {
		t.slot <- nil
	}
	f.end(e)
}

// expire is giveUp for all leases that ended before now. A lease cannot expire
// during a run.
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

// evictIdle ends instances that were idle for longer than they are kept. The last
// one is kept for the keep-alive, the others, which were started for a rush, for a
// part of it. The function stays known, and its next run starts a process again.
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
		go f.end(e) // an instance that cannot be ended must not hold up the others
	}
}
