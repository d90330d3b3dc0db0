package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
)

const (
	picksCase = "pick among 1,000 servers"
	slowest   = "slowest situation, µs"
)

// picks reads times of the default policy from the product's own benchmarks.
// The slowest of all situations counts.
func picks(s *session, ctx context.Context) error {
	for round := range s.rounds {
		test := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "Pick/warm", "-benchtime", "100ms", "./loadbalancer/policy")
		test.Dir = ".." // the product's module
		out, err := test.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%q: %w: %s", test.Args, err, out)
		}
		worst := 0.0
		for situation, ns := range picksIn(out) {
			s.results.note(picksCase, situation, "µs", round, ns/1000)
			worst = max(worst, ns/1000)
		}
		s.results.note(picksCase, arms.Balanced, slowest, round, worst)
		_ = s.bar.Add(1)
	}
	return nil
}

// pickOf is a line of go test about a situation.
var pickOf = regexp.MustCompile(`(?m)^BenchmarkPick/warm/(\S+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op`)

// picksIn finds nanoseconds by situation in what go test prints.
func picksIn(out []byte) map[string]float64 {
	found := map[string]float64{}
	for _, line := range pickOf.FindAllSubmatch(out, -1) {
		found[strings.ReplaceAll(string(line[1]), "_", " ")], _ = strconv.ParseFloat(string(line[2]), 64) // digits
	}
	return found
}

func (r *results) picksTable() (rows [][]string) {
	for _, s := range r.Series {
		if s.Case == picksCase && s.Arm != arms.Balanced {
			rows = append(rows, []string{s.Arm, spread(s.Values)})
		}
	}
	return rows
}
