// Command load plays OpenWhisk's invoker against client containers, or any other
// runtime that answers /init and /run: it gives each its action, sends runs in a
// closed or an open loop, checks every answer and tells how long they took.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/whiskaway/whiskaway/bench/internal/load"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	actIfAsked()
	var f flags
	ctx := kong.Parse(&f, kong.Name("load"), kong.UsageOnError(), kong.Description(description),
		kong.Exit(func(code int) {
			if code != 0 {
				code = exitUsage
			}
			os.Exit(code)
		}))
	p, err := f.plan()
	ctx.FatalIfErrorf(err)
	if err := run(p, f.Out, f.AllowFailures); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(exitFailed)
	}
}

func run(p *plan, out string, allowFailures bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if p.action != nil {
		if err := initAll(ctx, p); err != nil {
			return err
		}
	}
	r := p.send(ctx)
	told := newReport(p.settings, r)
	told.print(os.Stderr)
	if err := told.write(out); err != nil {
		return err
	}
	if failed := r.Failed + r.WarmupFailed; failed > 0 && !allowFailures {
		return fmt.Errorf("%d runs failed", failed)
	}
	return nil
}

// initAll gives all containers their actions at once.
func initAll(ctx context.Context, p *plan) error {
	failed := make([]error, len(p.targets))
	var inits sync.WaitGroup
	for i, target := range p.targets {
		inits.Go(func() {
			body, err := p.action.initBody(target.Function)
			if err == nil {
				err = target.Init(ctx, body)
			}
			failed[i] = err
		})
	}
	inits.Wait()
	return errors.Join(failed...)
}

// send makes the runs.
func (p *plan) send(ctx context.Context) load.Result {
	bar := newBar(p.load)
	p.load.Progress = bar.show
	defer bar.end()
	if p.arrivals == nil {
		return load.Closed(ctx, p.targets, p.work, p.load)
	}
	return load.Open(ctx, p.targets, p.work, p.arrivals, p.load)
}
