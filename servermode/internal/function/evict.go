package function

import (
	"slices"
	"time"

	"github.com/whiskaway/whiskaway/servermode/eviction"
)

// idleSlot is an idle instance that the host may evict.
type idleSlot struct {
	of       *Function
	slot     *slot
	instance Instance
}

// evict ends idle instances that the policy chooses: as many as are needed, or as
// many as there are. With more, the place is for one more instance of a function
// that has some. Then it ends only instances that are beyond their function's first
// or were idle for a while, so that a rush on one function does not evict all
// others. It returns how many processes end.
func (t *Table) evict(need eviction.Need, cause Cause, more bool) (processes int) {
	var slots []idleSlot
	var candidates []eviction.Candidate
	now, cfg := t.now(), t.cfg.Load()
	for _, f := range t.all() {
		slots, candidates = f.addIdle(now, cfg.keepAlive(f.info.Wish), more, slots, candidates)
	}
	if need.Bytes > 0 { // reading it is slow, so no lock is held
		for i := range candidates {
			candidates[i].Bytes = slots[i].instance.Memory()
		}
	}
	for _, at := range cfg.Policy.Victims(candidates, need) {
		processes += slots[at].of.evict(slots[at].slot, cause)
	}
	return processes
}

// addIdle adds a function's idle instances that share their process with no busy
// one: only the end of such a process frees anything.
func (f *Function) addIdle(now time.Time, keepAlive time.Duration, spareRecent bool, slots []idleSlot, candidates []eviction.Candidate) ([]idleSlot, []eviction.Candidate) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state != Ready || f.program.Concurrency() > 1 && len(f.busy) > 0 {
		return slots, candidates
	}
	seen := map[int]bool{}
	for _, s := range slices.Backward(f.idle) { // used last first
		pid, idle := s.instance.PID(), now.Sub(s.since)
		last := len(seen) == 0 && len(f.busy) == 0
		if seen[pid] || spareRecent && last && idle < keeps(keepAlive, 1) {
			seen[pid] = true
			continue
		}
		seen[pid] = true
		slots = append(slots, idleSlot{f, s, s.instance})
		candidates = append(candidates, eviction.Candidate{Idle: idle, Pinned: keepAlive == Forever})
	}
	return slots, candidates
}

// evict ends an instance if it is still idle, with all instances that share its
// process.
func (f *Function) evict(victim *slot, cause Cause) (processes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state >= Draining || !slices.Contains(f.idle, victim) {
		return 0
	}
	pid := victim.instance.PID()
	var slots []*slot
	f.idle = slices.DeleteFunc(f.idle, func(s *slot) bool {
		shares := s.instance.PID() == pid
		if shares {
			slots = append(slots, s)
		}
		return shares
	})
	e := f.drop(slots)
	if cause == CauseRoom {
		e.told = e.processes
	}
	f.evicted(e.processes, cause)
	f.settle()
	go f.end(e)
	return e.processes
}
