package main

import (
	"context"
	"runtime"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
	"github.com/whiskaway/whiskaway/bench/internal/load"
)

// initPython is the case of a small Python function.
const initPython = "init, Python source"

// initCase is that of a program in a zip of so many bytes.
func initCase(bytes int) string { return "init, " + size(bytes) + " zip" }

// zipArms have the same zip. "One HTTP exchange" reads the same body and does
// nothing.
func (s *session) zipArms() []*arms.Arm {
	return s.rig.Arms(arms.Exchange, arms.DirectApache, arms.Shipped, arms.Ours)
}

func (s *session) scriptArms() []*arms.Arm {
	if _, there := s.actions[python]; !there {
		return nil
	}
	return s.rig.Arms(arms.Direct, arms.DirectApache, arms.Shipped, arms.Ours, arms.OursPython, arms.OursExecuted)
}

func initSteps(s *session) int {
	return s.rounds * (len(s.scriptArms()) + len(s.sizes)*len(s.zipArms()))
}

// inits measures from an init's first byte until its answer: of the first
// container of an action on a server that has never seen it, and of a second
// one.
func inits(s *session, ctx context.Context) error {
	zips := map[int]arms.Action{}
	for _, bytes := range s.sizes {
		var err error
		if zips[bytes], err = s.rig.Sized(bytes); err != nil {
			return err
		}
	}
	for round := range s.rounds {
		err := s.inTurns(ctx, s.scriptArms(), func(arm *arms.Arm) error {
			return s.initTwice(ctx, arm, round, initPython, s.actions[python])
		})
		for _, bytes := range s.sizes {
			if err == nil {
				err = s.inTurns(ctx, s.zipArms(), func(arm *arms.Arm) error {
					return s.initTwice(ctx, arm, round, initCase(bytes), zips[bytes])
				})
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *session) initTwice(ctx context.Context, arm *arms.Arm, round int, name string, action arms.Action) (err error) {
	chain, err := arm.Start(s.rig)
	if err != nil {
		return err
	}
	defer func() {
		if e := chain.Stop(); err == nil {
			err = e
		}
	}()
	metrics := []string{initFirst, initSecond}
	if !arm.Remote() { // each container of it is a first one
		metrics = metrics[:1]
	}
	work, err := load.NewEcho(load.MinPayload, 0)
	if err != nil {
		return err
	}
	body := chain.InitBody(action)
	for _, metric := range metrics {
		container, err := chain.Container(action)
		if err != nil {
			return err
		}
		defer container.Close()
		runtime.GC() // not while it is measured
		begin := time.Now()
		if err := chain.Init(ctx, container, body); err != nil {
			return err
		}
		s.results.note(name, arm.Key, metric, round, time.Since(begin).Seconds()*1000)
		begin = time.Now()
		if err := container.Call(work, load.DefaultLimit); err != nil {
			return err
		}
		s.results.note(name, arm.Key, firstRun, round, time.Since(begin).Seconds()*1000)
	}
	return nil
}
