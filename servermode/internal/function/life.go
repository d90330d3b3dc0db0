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
// run, those who wait are told to look elsewhere. Call it after the function
// has left the table, so that nothing is routed to what is going away.
func (f *Function) free() {
	f.mu.Lock()
	if f.state >= Draining {
		f.mu.Unlock()
		return
	}
	f.refresh()
	f.state = f.state.transition(Draining)
	idle, waiting := f.idle, f.waiting
	f.idle, f.waiting = nil, nil
	f.ending += len(idle)
	f.mu.Unlock()
	for _, turn := range waiting {
		turn <- nil
	}
	f.end(idle)
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

// evictIdle ends instances that have not run for keepAlive. The function stays
// known: its next run starts one again.
func (f *Function) evictIdle(now time.Time, keepAlive time.Duration) {
	f.mu.Lock()
	f.refresh()
	var victims []*slot
	before := f.processes()
	f.idle = slices.DeleteFunc(f.idle, func(s *slot) bool {
		if now.Sub(s.since) < keepAlive {
			return false
		}
		victims = append(victims, s)
		return true
	})
	f.ending += len(victims)
	f.evictions += uint64(before - f.processes())
	f.refresh()
	f.mu.Unlock()
	go f.end(victims) // one that cannot be ended must not keep the others waiting
}

// end closes slots' instances, then the program if these were the last.
func (f *Function) end(slots []*slot) {
	for _, s := range slots {
		if s.instance != nil {
			s.instance.Close()
		}
	}
	f.mu.Lock()
	f.ending -= len(slots)
	last := f.state == Draining && len(f.busy) == 0 && f.ending == 0
	if last {
		f.state = f.state.transition(Gone)
	}
	f.mu.Unlock()
	if last {
		f.program.Close()
		close(f.gone)
		f.ended()
	}
}
