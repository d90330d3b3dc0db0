// Command sidebyside runs the same function in several ways: directly in one
// container, over Whiskaway, over the proxies of Apache OpenServerless if
// PEER_BIN names them, and over the least that a second host can cost. It
// measures them in turns, compares the figures with the project's budgets, and
// writes numbers, tables and plots.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

type flags struct {
	Bin    string   `default:"../bin" type:"path" help:"Folder of clientmode, loadbalancer and servermode."`
	Before string   `type:"existingdir" placeholder:"DIR" help:"Folder of the same binaries of an earlier build, which are measured in the same turns."`
	Peer   string   `env:"PEER_BIN" placeholder:"FILE" help:"The proxy of Apache OpenServerless. With it everything runs in networks of its own, which takes root and the command ip."`
	Out    string   `type:"path" placeholder:"DIR" help:"Folder for numbers, tables and plots. [results; with --quick results-quick, which is not committed]"`
	Rounds int      `placeholder:"N" help:"Rounds to measure. [9]"`
	Only   []string `enum:"latency,throughput,balancer,picks,init,sleep,memory,allocations" placeholder:"SECTION" help:"Only these of latency, throughput, balancer, picks, init, sleep, memory and allocations, comma-separated."`
	Redraw bool     `help:"Measure nothing: write tables and plots of the numbers in the folder again."`
	Quick  bool     `help:"One short round of everything: it shows that all works, and no figure of it counts."`
}

func main() {
	var f flags
	kong.Parse(&f, kong.Name("sidebyside"), kong.UsageOnError(), kong.Description("Measure Whiskaway beside other ways of running the same function."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if err := run(ctx, f); err != nil {
		fmt.Fprintln(os.Stderr, "sidebyside:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, f flags) error {
	if f.Out == "" {
		f.Out = map[bool]string{false: "results", true: "results-quick"}[f.Quick]
	}
	if f.Redraw {
		r, err := read(f.Out)
		if err != nil {
			return err
		}
		r.judge()
		return r.write(f.Out)
	}
	s, err := newSession(f)
	if err != nil {
		return err
	}
	err = s.measure(ctx, f.Only)
	if e := s.close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	s.results.judge()
	if err := s.results.write(f.Out); err != nil {
		return err
	}
	s.results.budgetsTable(os.Stdout)
	return s.results.ownFailures()
}
