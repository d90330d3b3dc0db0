package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
	"github.com/whiskaway/whiskaway/bench/internal/proc"
)

var payloads = []int{12, 100_000, 1_000_000}

// size formats a number of bytes for a reader.
func size(bytes int) string {
	switch {
	case bytes >= 1_000_000:
		return fmt.Sprintf("%d MB", bytes/1_000_000)
	case bytes >= 1000:
		return fmt.Sprintf("%d KB", bytes/1000)
	}
	return fmt.Sprintf("%d B", bytes)
}

// loadCase returns a case's name: the payload, the action and the number of
// callers.
func loadCase(payload int, action string, callers int) string {
	if callers == 1 {
		return fmt.Sprintf("%s %s, 1 caller", size(payload), action)
	}
	return fmt.Sprintf("%s %s, %d callers", size(payload), action, callers)
}

// latencyArms are by action.
func (s *session) latencyArms(action string) []*arms.Arm {
	if _, there := s.actions[action]; !there {
		return nil
	}
	if action == python {
		return s.rig.Arms(arms.Direct, arms.DirectApache, arms.Shipped, arms.Best, arms.Ours, arms.OursPython)
	}
	return s.rig.Arms(arms.Exchange, arms.Floor, arms.Direct, arms.DirectApache, arms.Plain, arms.Shipped, arms.Best, arms.Ours, arms.Before)
}

// latencyPhases are in the order in which they are measured.
func (s *session) latencyPhases() (out []phase) {
	for i, payload := range payloads {
		for _, action := range []string{native, python} {
			if action == native || i == 0 || !s.quick {
				out = append(out, phase{loadCase(payload, action, 1), action, payload, 1})
			}
		}
	}
	return out
}

func latencySteps(s *session) (steps int) {
	for _, p := range s.latencyPhases() {
		steps += s.rounds * len(s.latencyArms(p.action))
	}
	return steps
}

// latency is at one caller, with everything on one CPU.
func latency(s *session, ctx context.Context) (err error) {
	undo, err := proc.Pin()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, undo()) }()
	for round := range s.rounds {
		for _, p := range s.latencyPhases() {
			if err := s.inTurns(ctx, s.latencyArms(p.action), func(arm *arms.Arm) error { return s.load(ctx, arm, round, p) }); err != nil {
				return err
			}
		}
	}
	return nil
}
