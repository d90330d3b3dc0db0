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
	Runs      uint64
	Starts    uint64
	Evictions uint64
	Idle      time.Duration // since its last use
	Instances []InstanceInfo
}

// InstanceInfo is one instance at one moment.
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
	}
	for _, s := range f.idle {
		out.Instances = append(out.Instances, InstanceInfo{PID: s.instance.PID(), Runs: s.runs})
	}
	for s := range f.busy {
		if s.instance != nil {
			out.Instances = append(out.Instances, InstanceInfo{PID: s.instance.PID(), Busy: true, Runs: s.runs})
		}
	}
	slices.SortFunc(out.Instances, func(a, b InstanceInfo) int { return a.PID - b.PID })
	return out
}
