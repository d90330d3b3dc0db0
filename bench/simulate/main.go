// Command simulate runs the balancer's policies, in the very package that
// serves, in the simulator: figures that would take too many servers or too
// much time to measure. It writes tables and pictures; all of them say
// "simulated".
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/whiskaway/whiskaway/bench/internal/table"
)

type flags struct {
	Out   string `type:"path" default:"results" help:"Folder for simulated.md and pictures."`
	Seeds int    `default:"10" help:"Simulations of each case, each with a seed of its own."`
}

// part is a question that is simulated.
type part struct {
	title, text string
	columns     []string
	rows        [][]string
	picture     string // file; empty: none
	draw        func(path string) error
}

func main() {
	var f flags
	kong.Parse(&f, kong.Name("simulate"), kong.UsageOnError(), kong.Description("Simulate the balancer's policies."))
	if err := run(f); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

func run(f flags) error {
	var out strings.Builder
	fmt.Fprintf(&out, "# Simulated\n\nNothing here was measured: servers of these figures are numbers, and messages take no time. Medians of %d seeds, and their quartiles. `go run ./simulate` writes all of it again; the same seeds give the same figures.\n", f.Seeds)
	if err := os.MkdirAll(f.Out, 0o755); err != nil {
		return err
	}
	for _, simulate := range []func(seeds int) (part, error){oneSlow, coldStarts} {
		p, err := simulate(f.Seeds)
		if err != nil {
			return err
		}
		fmt.Fprintf(&out, "\n## %s\n\n%s\n\n", p.title, p.text)
		if err := p.draw(filepath.Join(f.Out, p.picture)); err != nil {
			return err
		}
		fmt.Fprintf(&out, "![%s](%s)\n\n", p.title, p.picture)
		table.Write(&out, p.columns, p.rows)
	}
	return os.WriteFile(filepath.Join(f.Out, "simulated.md"), []byte(out.String()), 0o644)
}
