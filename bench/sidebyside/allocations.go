package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
)

const (
	allocsCase = "allocations, 12 B"
	partClient = "client"
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

// allocationsIn finds the figures of parts in what go test prints; none if there
// is no such benchmark.
func allocationsIn(out []byte) map[string]float64 {
	found := map[string]float64{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 || !strings.HasPrefix(fields[0], "Benchmark") || fields[len(fields)-1] != "allocs/op" {
			continue
		}
		n, err := strconv.ParseFloat(fields[len(fields)-2], 64)
		if err != nil {
			continue
		}
		for _, part := range []string{partClient, arms.PartServer} {
			// "…/Client/12B-2" or "…Client-2", not the whole way's "ClientToServer"
			name := strings.ToLower(fields[0])
			if strings.Contains(name, part) && !strings.Contains(name, "to") && !strings.Contains(name, "kb") && !strings.Contains(name, "mb") {
				found[part] = n
			}
		}
	}
	return found
}
