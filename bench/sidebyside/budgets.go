package main

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
	"github.com/whiskaway/whiskaway/bench/internal/stats"
	"github.com/whiskaway/whiskaway/bench/internal/table"
)

// figure is a figure that a budget limits.
type figure struct{ name, arm, metric string }

// budget is a limit on a figure, in proportion to another figure.
type budget struct {
	what    string
	figure  figure
	against figure // empty: the figure itself counts
	most    float64
	least   float64 // one of both
	words   string  // of what it is against
}

// direct is the real proxy in one container or, without it, our own that does
// the same.
const direct = "the direct one"

var (
	run12     = loadCase(12, native, 1)
	run100k   = loadCase(100_000, native, 1)
	run1M     = loadCase(1_000_000, native, 1)
	crowd12   = loadCase(12, native, many)
	initLarge = initCase(40_000_000)
)

// budgets are the project's budgets that can be measured here.
var budgets = []budget{
	{"12 B, one caller, p50", figure{run12, arms.Ours, p50}, figure{run12, direct, p50}, 2.5, 0, "a container, nothing remote"},
	{"", figure{run12, arms.Ours, p50}, figure{run12, arms.Floor, p50}, 1.3, 0, "the least a second host can cost"},
	{"", figure{run12, arms.Ours, p50}, figure{run12, arms.Best, p50}, 0.8, 0, "OpenServerless at its best"},
	{"", figure{run12, arms.Shipped, p50}, figure{run12, arms.Ours, p50}, 0, 25, "as fast as OpenServerless as shipped"},
	{"12 B, 16 callers, runs/s", figure{crowd12, arms.Ours, rate}, figure{crowd12, arms.Best, rate}, 0, 1.5, "OpenServerless at its best"},
	{"", figure{crowd12, arms.Ours, rate}, figure{crowd12, arms.Shipped, rate}, 0, 25, "OpenServerless as shipped"},
	{"100 KB, one caller, p50", figure{run100k, arms.Ours, p50}, figure{run100k, direct, p50}, 2, 0, "a container, nothing remote"},
	{"", figure{run100k, arms.Ours, p50}, figure{run100k, arms.Best, p50}, 0.4, 0, "OpenServerless at its best"},
	{"1 MB, one caller, p50", figure{run1M, arms.Ours, p50}, figure{run1M, direct, p50}, 0.5, 0, "a container, nothing remote"},
	{"", figure{run1M, arms.Ours, p50}, figure{run1M, arms.Best, p50}, 0.2, 0, "OpenServerless at its best"},
	{"client → balancer → server, 12 B, one caller, p50", figure{between12, arms.Balanced, p50}, figure{between12, arms.OverNginx, p50}, 1.3, 0, "nginx in the balancer's place"},
	{"the same, 64 callers, runs/s", figure{betweenCrowd, arms.Balanced, rate}, figure{betweenCrowd, arms.OverNginx, rate}, 0, 0.8, "nginx in the balancer's place"},
	{"pick among 1,000 servers, slowest situation, µs", figure{picksCase, arms.Balanced, slowest}, figure{}, 5, 0, ""},
	{"second container of a 40 MB function, init", figure{initLarge, arms.Ours, initSecond}, figure{initLarge, arms.Exchange, initFirst}, 2, 0, "the same request to an empty handler"},
	{"Python init → ready, forked", figure{initPython, arms.OursPython, initFirst}, figure{initPython, arms.OursExecuted, initFirst}, 0.2, 0, "executed"},
	{"100 ms function, 16 callers, 16 instances, runs/s", figure{sleepCase(many), arms.Ours, rate}, figure{sleepCase(1), arms.Ours, rate}, 0, 12, "one instance"},
	{"allocations per 12 B run, client", figure{allocsCase, partClient, allocsPer}, figure{}, 60, 0, ""},
	{"allocations per 12 B run, balancer", figure{allocsCase, partBalancer, allocsPer}, figure{}, 60, 0, ""},
	{"allocations per 12 B run, server", figure{allocsCase, partServer, allocsPer}, figure{}, 60, 0, ""},
}

// unchanged are limits on the cost of a change. They are judged if an earlier
// build was measured beside this one.
var unchanged = []budget{
	{"12 B, one caller, p50", figure{run12, arms.Ours, p50}, figure{run12, arms.Before, p50}, 1.05, 0, "the earlier build"},
	{"100 KB, one caller, p50", figure{run100k, arms.Ours, p50}, figure{run100k, arms.Before, p50}, 1.05, 0, "the earlier build"},
	{"1 MB, one caller, p50", figure{run1M, arms.Ours, p50}, figure{run1M, arms.Before, p50}, 1.05, 0, "the earlier build"},
	{"12 B, 16 callers, runs/s", figure{crowd12, arms.Ours, rate}, figure{crowd12, arms.Before, rate}, 0, 0.95, "the earlier build"},
	{"client → balancer → server, 12 B, one caller, p50", figure{between12, arms.Balanced, p50}, figure{between12, arms.BalancedThen, p50}, 1.05, 0, "the earlier build"},
	{"the same, 64 callers, runs/s", figure{betweenCrowd, arms.Balanced, rate}, figure{betweenCrowd, arms.BalancedThen, rate}, 0, 0.95, "the earlier build"},
}

// compared reports whether an earlier build was measured too.
func (r *results) compared() bool {
	return slices.ContainsFunc(r.Series, func(s *series) bool { return s.Arm == arms.Before || s.Arm == arms.BalancedThen })
}

// verdict says whether a budget is kept.
type verdict struct {
	What     string           `json:"what"`
	Goal     string           `json:"goal"`
	Measured *stats.Quartiles `json:"measured"` // nil: it was not
	Held     bool             `json:"held"`
}

// judge compares the figures with the budgets.
func (r *results) judge() {
	r.Verdicts = nil
	what := ""
	judged := budgets
	if r.compared() {
		judged = slices.Concat(budgets, unchanged)
	}
	for _, b := range judged {
		if b.what != "" {
			what = b.what
		}
		r.Verdicts = append(r.Verdicts, r.verdict(what, b))
	}
}

func (r *results) verdict(what string, b budget) verdict {
	v := verdict{What: what, Goal: b.goal()}
	values := r.figure(b.figure)
	if b.against != (figure{}) {
		values = values.Over(r.figure(b.against))
	}
	if q := values.Quartiles(); !math.IsNaN(q.Median) {
		v.Measured, v.Held = &q, b.holds(q.Median)
	}
	return v
}

func (r *results) figure(f figure) stats.Rounds {
	if f.arm != direct {
		return r.series(f.name, f.arm, f.metric)
	}
	if real := r.series(f.name, arms.DirectApache, f.metric); real != nil {
		return real
	}
	return r.series(f.name, arms.Direct, f.metric)
}

func (b budget) holds(value float64) bool {
	if b.least > 0 {
		return value >= b.least
	}
	return value <= b.most
}

func (b budget) goal() string {
	sign, limit := "≤", b.most
	if b.least > 0 {
		sign, limit = "≥", b.least
	}
	if b.words == "" {
		return fmt.Sprintf("%s %g", sign, limit)
	}
	return fmt.Sprintf("%s %g × %s", sign, limit, b.words)
}

// budgetsTable returns the verdicts as Markdown.
func (r *results) budgetsTable(w io.Writer) {
	rows := [][]string{}
	last := ""
	for _, v := range r.Verdicts {
		measured, held := "not measured", ""
		if v.Measured != nil {
			measured = fmt.Sprintf("%s (%s–%s)", figures(v.Measured.Median), figures(v.Measured.Lower), figures(v.Measured.Upper))
			held = "**NO**"
			if v.Held {
				held = "yes"
			}
		}
		what := v.What
		if what == last {
			what = ""
		}
		last = v.What
		rows = append(rows, []string{what, v.Goal, measured, held})
	}
	table.Write(w, []string{"what", "goal", "measured, median of the rounds' ratios (quartiles)", "holds"}, rows)
}
