package main

import (
	"context"
	"errors"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
	"github.com/whiskaway/whiskaway/bench/internal/proc"
)

// crowd is how many callers a balancer has where there are many.
const crowd = 4 * many

// betweenCase returns a case with something between containers and servers.
func betweenCase(payload, callers int) string {
	return "balanced, " + loadCase(payload, native, callers)
}

var (
	between12    = betweenCase(12, 1)
	between100k  = betweenCase(100_000, 1)
	betweenCrowd = betweenCase(12, crowd)
)

// betweenOrder is what stands between them, from nothing on.
var betweenOrder = []string{arms.Ours, arms.OverNginx, arms.OverHAProxy, arms.Balanced, arms.BalancedThen}

func (s *session) betweenPhases() []phase {
	return []phase{{between12, native, 12, 1}, {between100k, native, 100_000, 1}, {betweenCrowd, native, 12, crowd}}
}

func betweenSteps(s *session) int {
	return s.rounds * len(s.betweenPhases()) * len(s.rig.Arms(betweenOrder...))
}

// between is one caller with everything on one CPU, and a crowd on all of them.
func between(s *session, ctx context.Context) error {
	for round := range s.rounds {
		for _, p := range s.betweenPhases() {
			if err := s.betweenRound(ctx, round, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *session) betweenRound(ctx context.Context, round int, p phase) (err error) {
	if p.callers == 1 {
		undo, err := proc.Pin()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, undo()) }()
	}
	return s.inTurns(ctx, s.rig.Arms(betweenOrder...), func(arm *arms.Arm) error { return s.load(ctx, arm, round, p) })
}

// betweenTable has latency, throughput and what each run costs.
func (r *results) betweenTable() (rows [][]string) {
	for _, arm := range betweenOrder {
		label := arms.Label(arm)
		if arm == arms.Ours {
			label = "nothing"
		}
		if r.series(between12, arm, p50) == nil {
			continue
		}
		rows = append(rows, []string{label, spread(r.series(between12, arm, p50)), spread(r.series(between100k, arm, p50)), spread(r.series(betweenCrowd, arm, rate)),
			spread(r.series(betweenCrowd, arm, p99)), spread(r.series(between12, arm, cpuPerRun(arms.PartBetween))), spread(r.series(betweenCrowd, arm, cpuPerRun(arms.PartBetween)))})
	}
	return rows
}
