package main

import (
	"fmt"
	"io"
	"math"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
	"github.com/whiskaway/whiskaway/bench/internal/chart"
	"github.com/whiskaway/whiskaway/bench/internal/stats"
	"github.com/whiskaway/whiskaway/bench/internal/table"
)

// figures returns a number with three significant digits, at most.
func figures(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case math.Abs(v) >= 100:
		return chart.Thousands(int64(math.Round(v)))
	case math.Abs(v) >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// spread returns a median with its quartiles.
func spread(r stats.Rounds) string {
	q := r.Quartiles()
	if math.IsNaN(q.Median) {
		return "–"
	}
	return fmt.Sprintf("%s (%s–%s)", figures(q.Median), figures(q.Lower), figures(q.Upper))
}

// tables writes all of them, as Markdown.
func (r *results) tables(w io.Writer) {
	section := func(title, text string, columns []string, rows [][]string) {
		if len(rows) > 0 {
			fmt.Fprintf(w, "\n## %s\n\n%s\n\n", title, text)
			table.Write(w, columns, rows)
		}
	}
	ones := loadCases(1, native)
	section("Latency, native function", "p50 in µs, one caller, everything on one CPU; the median of the rounds and its quartiles.",
		heads(ones), r.byArm(ones, p50, nativeOrder))
	scripts := loadCases(1, python)
	section("Latency, Python function", "The same. All arms run the same script but the last, which has what authors write.", heads(scripts), r.byArm(scripts, p50, pythonOrder))
	var many []string
	for _, c := range crowds {
		many = append(many, loadCase(c.payload, native, c.callers))
	}
	section("Throughput", "Runs/s on all CPUs, with one process of a native function.", heads(many), r.byArm(many, rate, nativeOrder))
	section("Between clients and servers", fmt.Sprintf("The same clients and server with a balancer or a proxy between them. p50 in µs of one caller with everything on one CPU; runs/s, p99 in µs of %d callers on all CPUs; µs of CPU that what is between them uses for a run of 12 B.", crowd),
		[]string{"between them", "12 B, p50", "100 KB, p50", fmt.Sprintf("12 B, %d callers, runs/s", crowd), "p99", "CPU, one caller", fmt.Sprintf("CPU, %d callers", crowd)}, r.betweenTable())
	section("Picks", "µs for one pick of the default policy among 1,000 servers, which allocates nothing (a test holds that).", []string{"a function", "µs"}, r.picksTable())
	section("CPU time", "µs per run of 12 B; one caller on one CPU, 16 on all of them.", []string{"", "callers", "container", "server", "function", "generator"}, r.cpuTable())
	section("Init", "ms from an init's first byte to its answer, through a fresh container: the first of an action on a fresh server, and a second one. The run is the container's first.",
		[]string{"", "code", "first container", "second container", "first run"}, r.initTable())
	section("A function that waits", "Runs/s of a function that sleeps 100 ms, 16 callers.", []string{"", "instances", "runs/s"}, r.sleepTable())
	section("Memory", fmt.Sprintf("MiB, and KiB for each of %d functions. All processes: each one's share of what it shares.", r.functions),
		[]string{"", "server, no function", fmt.Sprintf("server, %d functions", r.functions), "server, per function, KiB", "all processes, per function, KiB", "container after runs"}, r.memoryTable())
	section("Answers", "Each answer is compared with what was sent; runs that warm up are counted too.", []string{"", "right", "wrong or missing", "which"}, r.answersTable())
}

// Orders of arms.
var (
	nativeOrder = []string{arms.Exchange, arms.Floor, arms.Direct, arms.DirectApache, arms.Plain, arms.Shipped, arms.Best, arms.Ours, arms.Before}
	pythonOrder = []string{arms.Direct, arms.DirectApache, arms.Shipped, arms.Best, arms.Ours, arms.OursPython}
)

func loadCases(callers int, action string) (out []string) {
	for _, payload := range payloads {
		out = append(out, loadCase(payload, action, callers))
	}
	return out
}

func heads(cases []string) []string { return append([]string{""}, cases...) }
