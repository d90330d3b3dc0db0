package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
)

// session is one run of the benchmark.
type session struct {
	rig     *arms.Rig
	results *results
	bar     *progressbar.ProgressBar
	random  *rand.Rand
	actions map[string]arms.Action // by name
	scale
}

// scale is how long things are measured.
type scale struct {
	quick        bool
	rounds       int
	sleepRounds  int // rounds that take seconds each
	memoryRounds int
	warmup       time.Duration // before a phase counts
	phase        time.Duration // of load
	settle       time.Duration // before memory is looked at
	functions    int           // that are idle
	sizes        []int         // of code, bytes
}

var (
	full  = scale{rounds: 9, sleepRounds: 3, memoryRounds: 3, warmup: 200 * time.Millisecond, phase: 400 * time.Millisecond, settle: 3 * time.Second, functions: 50, sizes: []int{1e6, 10e6, 40e6}}
	quick = scale{quick: true, rounds: 1, sleepRounds: 1, memoryRounds: 1, warmup: 20 * time.Millisecond, phase: 60 * time.Millisecond, settle: 100 * time.Millisecond, functions: 5, sizes: []int{1e6, 40e6}}
)

func newSession(f flags) (*session, error) {
	s := &session{scale: full, random: rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0)), actions: map[string]arms.Action{}}
	if f.Quick {
		s.scale = quick
	}
	if f.Rounds > 0 {
		s.rounds, s.sleepRounds, s.memoryRounds = f.Rounds, f.Rounds, f.Rounds
	}
	var err error
	if s.rig, err = arms.Open(f.Bin, f.Before, f.Peer); err != nil {
		return nil, err
	}
	s.results = newResults(s.scale, newMachine(f.Peer))
	if s.actions[native], err = s.rig.Native(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if s.actions[python], err = arms.Python(); err != nil {
		fmt.Fprintln(os.Stderr, "sidebyside: no Python functions:", err)
		delete(s.actions, python)
	}
	return s, nil
}

// Names of actions.
const (
	native = "native"
	python = "Python"
)

func (s *session) close() error { return s.rig.Close() }

// section is a part that can be measured alone.
type section struct {
	name    string
	steps   func(s *session) int // of the progress bar
	measure func(s *session, ctx context.Context) error
}

var sections = []section{
	{"latency", latencySteps, latency},
	{"throughput", throughputSteps, throughput},
	{"balancer", betweenSteps, between},
	{"picks", func(s *session) int { return s.rounds }, picks},
	{"init", initSteps, inits},
	{"sleep", sleepSteps, sleeping},
	{"memory", memorySteps, memory},
	{"allocations", func(*session) int { return 1 }, allocations},
}

func (s *session) measure(ctx context.Context, only []string) error {
	var chosen []section
	steps := 0
	for _, part := range sections {
		if len(only) == 0 || slices.Contains(only, part.name) {
			chosen = append(chosen, part)
			steps += part.steps(s)
		}
	}
	s.bar = newBar(steps)
	for _, part := range chosen {
		s.bar.Describe(part.name)
		if err := part.measure(s, ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	s.results.Machine.finish()
	return nil
}

// inTurns gives each arm its turn, in a new order each time. Failures of an arm
// are counted, and the other arms continue.
func (s *session) inTurns(ctx context.Context, all []*arms.Arm, turn func(*arms.Arm) error) error {
	all = slices.Clone(all)
	s.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, arm := range all {
		err := turn(arm)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			s.results.fail(arm.Key, err.Error(), 1)
		}
		_ = s.bar.Add(1)
	}
	return nil
}

// newBar shows on stderr how far it all is, on a terminal only: elsewhere it
// would fill a log.
func newBar(steps int) *progressbar.ProgressBar {
	info, err := os.Stderr.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return progressbar.NewOptions(steps, progressbar.OptionSetVisibility(terminal), progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionShowCount(), progressbar.OptionSetWidth(40), progressbar.OptionSetPredictTime(true),
		progressbar.OptionOnCompletion(func() {
			if terminal {
				fmt.Fprintln(os.Stderr)
			}
		}))
}
