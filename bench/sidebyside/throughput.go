package main

import (
	"context"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
)

// many is how many callers there are at one container where there are several.
const many = 16

var crowds = []struct{ payload, callers int }{{12, many}, {12, 4 * many}, {100_000, many}, {1_000_000, many}}

func (s *session) throughputArms() []*arms.Arm {
	return s.rig.Arms(arms.Floor, arms.Direct, arms.Shipped, arms.Best, arms.Ours, arms.Before)
}

func throughputSteps(s *session) int { return s.rounds * len(crowds) * len(s.throughputArms()) }

// throughput is on all CPUs, with one process of the function.
func throughput(s *session, ctx context.Context) error {
	for round := range s.rounds {
		for _, c := range crowds {
			p := phase{loadCase(c.payload, native, c.callers), native, c.payload, c.callers}
			if err := s.inTurns(ctx, s.throughputArms(), func(arm *arms.Arm) error { return s.load(ctx, arm, round, p) }); err != nil {
				return err
			}
		}
	}
	return nil
}
