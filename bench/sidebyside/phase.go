package main

import (
	"context"
	"os"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
	"github.com/whiskaway/whiskaway/bench/internal/load"
	"github.com/whiskaway/whiskaway/bench/internal/proc"
)

// phase is some load on a function.
type phase struct {
	name    string // of the case
	action  string // its name
	payload int    // bytes
	callers int
}

// firstWarm is how many runs warm up an arm of which only the first ones count.
const firstWarm = 20

// partGenerator is this process.
const partGenerator = "generator"

// load measures a phase on fresh processes of an arm.
func (s *session) load(ctx context.Context, arm *arms.Arm, round int, p phase) (err error) {
	chain, err := arm.Start(s.rig)
	if err != nil {
		return err
	}
	defer func() {
		if e := chain.Stop(); err == nil {
			err = e
		}
	}()
	action := s.actions[p.action]
	action.Concurrent = p.callers > 1
	container, err := chain.Container(action)
	if err != nil {
		return err
	}
	defer container.Close()
	if err := chain.Init(ctx, container, chain.InitBody(action)); err != nil {
		return err
	}
	work, err := load.NewEcho(p.payload, 0)
	if err != nil {
		return err
	}
	warmup, plan := load.Plan{Callers: p.callers, For: s.warmup}, load.Plan{Callers: p.callers, For: s.phase}
	if arm.First > 0 {
		warmup.Runs, plan.Runs = firstWarm, arm.First-firstWarm
	}
	s.results.count(arm.Key, load.Closed(ctx, []*load.Target{container}, work, warmup))
	pids := chain.PIDs()
	pids[partGenerator] = []int{os.Getpid()}
	before := used(pids)
	r := load.Closed(ctx, []*load.Target{container}, work, plan)
	after := used(pids)
	s.results.count(arm.Key, r)
	if r.Answered == 0 || ctx.Err() != nil {
		return nil
	}
	note := func(metric string, value float64) { s.results.note(p.name, arm.Key, metric, round, value) }
	note(p50, float64(r.Latency.ValueAtQuantile(50))/1000)
	note(p99, float64(r.Latency.ValueAtQuantile(99))/1000)
	note(rate, r.Rate())
	for part, cpu := range after {
		note(cpuPerRun(part), float64((cpu-before[part]).Nanoseconds())/1000/float64(r.Answered+r.Failed))
	}
	for _, part := range []string{arms.PartContainer, arms.PartServer} {
		if len(pids[part]) > 0 {
			if kib, err := proc.Status(pids[part][0], "VmRSS"); err == nil {
				note(resident(part), kib/1024)
			}
		}
	}
	return nil
}

// used returns the CPU time that parts of a chain have used.
func used(pids map[string][]int) map[string]time.Duration {
	out := map[string]time.Duration{}
	for part, all := range pids {
		for _, pid := range all {
			if t, err := proc.CPU(pid); err == nil { // else it has ended
				out[part] += t
			}
		}
	}
	return out
}
