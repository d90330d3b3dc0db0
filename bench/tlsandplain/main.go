// Command tlsandplain measures what TLS costs a run: a client container and a
// server in networks of their own, with and without, at two sizes, one caller and
// many. Several folders of binaries are compared with the first.
package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
)

type flags struct {
	Bin    []string      `default:"../bin" type:"path" help:"Folder of clientmode, loadbalancer and servermode; several are compared with the first."`
	Rounds int           `default:"9" help:"Rounds to measure."`
	Phase  time.Duration `default:"300ms" help:"How long each chain is measured in a round."`
}

func main() {
	var f flags
	kong.Parse(&f, kong.Name("tlsandplain"), kong.UsageOnError(), kong.Description("Measure what TLS costs a run. Takes root and the command ip."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, f); err != nil {
		fmt.Fprintln(os.Stderr, "tlsandplain:", err)
		stop()
		os.Exit(1)
	}
}

// variant is one way: binaries, with TLS or without.
type variant struct {
	rig    *arms.Rig
	arm    *arms.Arm
	action arms.Action
	label  string
}

func run(ctx context.Context, f flags) (err error) {
	m := &measured{}
	for _, bin := range f.Bin {
		rig, err := arms.OpenApart(bin)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rig.Close()) }()
		action, err := rig.Native()
		if err != nil {
			return err
		}
		for _, arm := range rig.Arms(arms.Ours, arms.OursTLS) {
			m.variants = append(m.variants, variant{rig, arm, action, label(bin, arm)})
		}
	}
	for round := range f.Rounds {
		for _, c := range cases {
			for _, at := range rand.Perm(len(m.variants)) {
				if err := m.measure(ctx, round, c, at, f.Phase); err != nil {
					return fmt.Errorf("%s: %w", m.variants[at].label, err)
				}
			}
		}
	}
	m.print(os.Stdout)
	return nil
}
