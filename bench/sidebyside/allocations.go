package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

const (
	allocsCase   = "allocations, 12 B"
	partClient   = "client"
	partBalancer = "balancer"
	partServer   = "server"
)

// allocations takes them from the product's own benchmarks, those with Allocs in
// their names: they are counted within a process.
func allocations(s *session, ctx context.Context) error {
	defer func() { _ = s.bar.Add(1) }()
	test := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "Allocs", "-benchtime", "200x", "./test")
	test.Dir = ".." // the product's module
	out, err := test.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%q: %w: %s", test.Args, err, out)
	}
	for part, n := range allocationsIn(out) {
		s.results.note(allocsCase, part, allocsPer, 0, n)
	}
	return nil
}

// allocationsOf is a line of go test about a part, such as BenchmarkAllocs_Client
// or BenchmarkAllocs/server/12B.
var allocationsOf = regexp.MustCompile(`(?mi)^Benchmark\S*[_/](client|balancer|server)(?:/12B)?(?:-\d+)?\s.*\s(\d+) allocs/op`)

// allocationsIn finds the figures of parts in what go test prints; none if there
// is no such benchmark.
func allocationsIn(out []byte) map[string]float64 {
	found := map[string]float64{}
	for _, line := range allocationsOf.FindAllSubmatch(out, -1) {
		found[strings.ToLower(string(line[1]))], _ = strconv.ParseFloat(string(line[2]), 64) // digits
	}
	return found
}
