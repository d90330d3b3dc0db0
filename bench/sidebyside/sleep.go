package main

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
	"github.com/whiskaway/whiskaway/bench/internal/load"
)

const (
	nap = 100 * time.Millisecond // of the function that waits
	// napsWarm is the number of runs of one process before it counts: pools
	// have grown by then.
	napsWarm = 15
	naps     = 30 // that are counted of one process
)

// sleepCase returns the case of a function that waits, in the given number of
// processes.
func sleepCase(instances int) string {
	if instances == 1 {
		return "100 ms function, 16 callers, 1 instance"
	}
	return "100 ms function, 16 callers, up to " + strconv.Itoa(instances) + " instances"
}

type sleepArm struct {
	arm       *arms.Arm
	instances int
}

func (s *session) sleepArms() (out []sleepArm) {
	for _, arm := range s.rig.Arms(arms.Best, arms.Ours) {
		out = append(out, sleepArm{arm, 1})
		if arm.Key == arms.Ours {
			out = append(out, sleepArm{arm, many})
		}
	}
	return out
}

func sleepSteps(s *session) int { return s.sleepRounds * len(s.sleepArms()) }

// sleeping measures what more processes of a function gain that only waits.
func sleeping(s *session, ctx context.Context) error {
	for round := range s.sleepRounds {
		for _, of := range s.sleepArms() {
			err := s.inTurns(ctx, []*arms.Arm{of.arm}, func(arm *arms.Arm) error { return s.sleep(ctx, arm, round, of.instances) })
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *session) sleep(ctx context.Context, arm *arms.Arm, round, instances int) (err error) {
	action := s.actions[native].With("BENCH_SLEEP", nap.String()).With("WHISKAWAY_MAX_INSTANCES", strconv.Itoa(instances))
	action.Concurrent = true
	chain, err := arm.Start(s.rig)
	if err != nil {
		return err
	}
	defer func() {
		if e := chain.Stop(); err == nil {
			err = e
		}
	}()
	container, err := chain.Container(action)
	if err != nil {
		return err
	}
	defer container.Close()
	if err := chain.Init(ctx, container, chain.InitBody(action)); err != nil {
		return err
	}
	echo, err := load.NewEcho(load.MinPayload, 0)
	if err != nil {
		return err
	}
	warmup, counted := napsWarm*nap, naps*nap
	if s.quick {
		warmup, counted = warmup/3, counted/3
	}
	// Answers are counted by the clock: in a window as short as a few runs, too
	// few of its runs also start in it.
	work := &counting{Work: echo}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var callers sync.WaitGroup
	callers.Go(func() {
		s.results.count(arm.Key, load.Closed(ctx, []*load.Target{container}, work, load.Plan{Callers: many}))
	})
	wait(ctx, warmup)
	begin, before := time.Now(), work.answered.Load()
	wait(ctx, counted)
	n, took := work.answered.Load()-before, time.Since(begin)
	cancel()
	callers.Wait()
	s.results.note(sleepCase(instances), arm.Key, rate, round, float64(n)/took.Seconds())
	return nil
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// counting counts right answers.
type counting struct {
	load.Work
	answered atomic.Int64
}

func (c *counting) Check(body []byte, a *load.Answer) error {
	err := c.Work.Check(body, a)
	if err == nil {
		c.answered.Add(1)
	}
	return err
}
