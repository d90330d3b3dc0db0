package function

import "time"

// release returns a slot. The first in the queue gets it, or it becomes idle. If
// neither the function nor the host has a use for it, its instance ends.
func (f *Function) release(s *slot, runs uint64) {
	now := f.table.now()
	f.mu.Lock()
	f.lastUse = now
	f.runs, s.runs = f.runs+runs, s.runs+runs
	if runs > 0 {
		f.runTime = smooth(f.runTime, s.took)
	}
	switch {
	case f.state >= Draining:
		f.retire(s, "", 0)
	case f.yielding > 0 && s.instance != nil && len(f.busy)+len(f.idle) > 1:
		f.yielding--
		f.retire(s, CauseRoom, 1)
	default:
		if f.yielding > 0 { // it is the last one by now: another function has to yield
			go f.table.host.gone(f.key, 0, f.yielding)
			f.yielding = 0
		}
		f.passOn(s, now)
	}
}

// retire ends a busy slot's instance. told is 1 if the host told it to end. It is
// called with mu held, and unlocks it.
func (f *Function) retire(s *slot, cause Cause, told int) {
	delete(f.busy, s)
	e := f.drop([]*slot{s})
	e.told = told
	f.evicted(e.processes, cause)
	f.settle()
	f.mu.Unlock()
	f.end(e)
}

// evicted counts evicted processes.
func (f *Function) evicted(processes int, cause Cause) {
	if cause == "" {
		return
	}
	f.evictions += uint64(processes)
	for range processes {
		f.meter.Evicted(cause)
	}
}

// passOn gives a slot to the first in the queue, or makes it idle. It is called with
// mu held, and unlocks it.
func (f *Function) passOn(s *slot, now time.Time) {
	if t := f.next(now); t != nil {
		t.slot <- s
		f.considerGrowth(now)
		f.mu.Unlock()
		return
	}
	if s.instance != nil && s.instance.Alive() && f.table.cfg.Load().keepAlive(f.info.Wish) == 0 {
		f.retire(s, CauseIdle, 0)
		return
	}
	delete(f.busy, s)
	s.since = now
	if s.instance != nil {
		f.idle = append(f.idle, s)
		f.dropDead()
	}
	f.settle()
	f.mu.Unlock()
	if f.table.host.startsPending.Load() {
		f.table.host.advance()
	}
}

// yieldSlot makes the next instance whose run ends yield its place to another
// function. It returns false when this function has none to spare.
func (f *Function) yieldSlot() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state >= Draining || f.program.Concurrency() > 1 || len(f.busy)-f.yielding < 2 {
		return false
	}
	f.yielding++
	return true
}

// dismissal is a set of slots to be closed.
type dismissal struct {
	slots     []*slot
	processes int // that end with them
	told      int // of them: because the host wanted their place
}

// drop prepares slots that were taken out for their end.
func (f *Function) drop(slots []*slot) dismissal {
	f.ending += len(slots)
	left, ended := f.pids(slots), map[int]bool{}
	for _, s := range slots {
		if s.instance != nil && !left[s.instance.PID()] {
			ended[s.instance.PID()] = true
		}
	}
	return dismissal{slots: slots, processes: len(ended)}
}

// end closes slots' instances, then the program if these were the last ones.
func (f *Function) end(e dismissal) {
	for _, s := range e.slots {
		if s.instance != nil {
			s.instance.Close()
		}
	}
	f.table.host.gone(f.key, e.processes, e.told)
	f.mu.Lock()
	f.ending -= len(e.slots)
	last := f.state == Draining && len(f.busy) == 0 && f.ending == 0
	if last {
		f.become(Gone)
	}
	f.mu.Unlock()
	if last {
		f.program.Close()
		close(f.gone)
		f.meter.Gone()
		f.table.live.Done()
	}
}
