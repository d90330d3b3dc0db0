package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
	"github.com/whiskaway/whiskaway/bench/internal/load"
	"github.com/whiskaway/whiskaway/bench/internal/proc"
	"github.com/whiskaway/whiskaway/bench/internal/stats"
	"github.com/whiskaway/whiskaway/bench/internal/table"
)

// situation is a size of runs and a number of callers.
type situation struct {
	name    string
	payload int // bytes
	callers int
}

var cases = []situation{
	{"12 B, 1 caller", 12, 1}, {"100 KB, 1 caller", 100_000, 1},
	{"12 B, 16 callers", 12, 16}, {"100 KB, 16 callers", 100_000, 16},
}

const warmup = 100 * time.Millisecond

// figures are of one variant in one case, a value for each round.
type figures struct{ p50, rate, cpu stats.Rounds }

type measured struct {
	variants []variant
	of       map[string][]figures // by case, one for each variant
}

func label(bin string, arm *arms.Arm) string {
	way := "plain"
	if arm.Key == arms.OursTLS {
		way = "TLS"
	}
	return filepath.Base(bin) + ", " + way
}

// measure has a variant run a case on fresh processes. One caller has all of it on
// one CPU: on several, where processes happen to be decides more than what they do.
func (m *measured) measure(ctx context.Context, round int, c situation, at int, phase time.Duration) (err error) {
	if c.callers == 1 {
		undo, err := proc.Pin()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, undo()) }()
	}
	v := m.variants[at]
	chain, err := v.arm.Start(v.rig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, chain.Stop()) }()
	v.action.Concurrent = true
	container, err := chain.Container(v.action)
	if err != nil {
		return err
	}
	defer container.Close()
	if err := chain.Init(ctx, container, chain.InitBody(v.action)); err != nil {
		return err
	}
	work, err := load.NewEcho(c.payload, 0)
	if err != nil {
		return err
	}
	to := []*load.Target{container}
	load.Closed(ctx, to, work, load.Plan{Callers: c.callers, For: warmup})
	before := used(chain)
	r := load.Closed(ctx, to, work, load.Plan{Callers: c.callers, For: phase})
	if r.Failed > 0 || r.Answered == 0 {
		return fmt.Errorf("%d runs of %d failed: %v", r.Failed, r.Answered+r.Failed, r.Errors)
	}
	m.note(c, at, float64(r.Latency.ValueAtQuantile(50))/1000, r.Rate(), float64((used(chain)-before).Microseconds())/float64(r.Answered))
	return ctx.Err()
}

// used returns the CPU time of the client container and the server.
func used(chain *arms.Chain) (sum time.Duration) {
	for part, pids := range chain.PIDs() {
		if part == arms.PartFunctions {
			continue
		}
		for _, pid := range pids {
			if t, err := proc.CPU(pid); err == nil { // else it has ended
				sum += t
			}
		}
	}
	return sum
}

func (m *measured) note(c situation, at int, p50, rate, cpu float64) {
	if m.of == nil {
		m.of = map[string][]figures{}
	}
	if m.of[c.name] == nil {
		m.of[c.name] = make([]figures, len(m.variants))
	}
	f := &m.of[c.name][at]
	f.p50, f.rate, f.cpu = append(f.p50, p50), append(f.rate, rate), append(f.cpu, cpu)
}

// print writes medians with quartiles. Ratios are taken in each round, to the
// first binaries in the same way, and to the same binaries without TLS.
func (m *measured) print(w io.Writer) {
	for _, c := range cases {
		var rows [][]string
		for at, v := range m.variants {
			f := m.of[c.name][at]
			first, plain := m.of[c.name][at%2], m.of[c.name][at-at%2]
			rows = append(rows, []string{
				v.label, stats.Spread(f.p50, "%.1f"), stats.Spread(f.rate, "%.0f"), stats.Spread(f.cpu, "%.1f"),
				ratio(f.p50, first.p50), ratio(f.cpu, first.cpu), ratio(f.p50, plain.p50), ratio(f.cpu, plain.cpu),
			})
		}
		_, _ = fmt.Fprintf(w, "\n%s\n\n", c.name)
		table.Write(w, []string{"", "p50, µs", "runs/s", "CPU a run, µs", "p50 × the first", "CPU × the first", "p50 × plain", "CPU × plain"}, rows)
	}
}

func ratio(this, that stats.Rounds) string { return stats.Spread(this.Over(that), "%.3f") }
