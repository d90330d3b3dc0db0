package function

import (
	"slices"
	"time"
)

// Snapshot is a function at one moment.
type Snapshot struct {
	Key       Key
	Info      Info
	State     State
	Leases    int
	Waiting   int
	Most      int // processes that there may be
	Runs      uint64
	Starts    uint64
	Evictions uint64
	Idle      time.Duration // since its last use
	IdleUntil time.Duration // until its last idle process ends: 0: none is idle; Forever
	Instances []InstanceInfo
}

// InstanceInfo is one process at one moment.
type InstanceInfo struct {
	PID  int
	Busy bool
	Runs uint64
}

func (f *Function) snapshot(now time.Time) Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refresh()
	out := Snapshot{
		Key: f.key, Info: f.info, State: f.state, Leases: len(f.leases), Waiting: len(f.waiting),
		Runs: f.runs, Starts: f.starts, Evictions: f.evictions, Idle: now.Sub(f.lastUse),
		Most: f.table.cfg.Load().instances(f.info.Wish),
	}
	out.IdleUntil = f.idleUntil(now)
	for _, s := range f.idle {
		out.add(InstanceInfo{PID: s.instance.PID(), Runs: s.runs})
	}
	for s := range f.busy {
		if s.instance != nil {
			out.add(InstanceInfo{PID: s.instance.PID(), Busy: true, Runs: s.runs})
		}
	}
	slices.SortFunc(out.Instances, func(a, b InstanceInfo) int { return a.PID - b.PID })
	return out
}

// idleUntil returns how long the function's last idle process is still kept.
func (f *Function) idleUntil(now time.Time) time.Duration {
	n := len(f.idle)
	keepAlive := f.table.cfg.Load().keepAlive(f.info.Wish)
	if n == 0 {
		return 0
	}
	if keepAlive == Forever {
		return Forever
	}
	return max(time.Millisecond, keepAlive-now.Sub(f.idle[n-1].since))
}

// add adds an instance. It is merged with others in the same process.
func (s *Snapshot) add(i InstanceInfo) {
	at := slices.IndexFunc(s.Instances, func(other InstanceInfo) bool { return other.PID == i.PID })
	if at < 0 {
		s.Instances = append(s.Instances, i)
		return
	}
	s.Instances[at].Busy = s.Instances[at].Busy || i.Busy
	s.Instances[at].Runs += i.Runs
}
