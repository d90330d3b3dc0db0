package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/load"
)

// fillLoad says how long, and how many at once.
func (f *flags) fillLoad(p *plan) error {
	if f.For < 0 || f.Runs < 0 || f.Callers < 0 || f.InFlight < 1 || f.Limit < time.Millisecond {
		return errors.New("--for, --runs and --callers cannot be negative, --in-flight and --limit not nothing")
	}
	p.load = load.Plan{Callers: max(1, f.Callers), InFlight: f.InFlight, For: f.For, Runs: f.Runs, Warmup: time.Second, Limit: f.Limit}
	if f.Trace != "" {
		p.load.Warmup = 0
	}
	if f.Warmup != nil {
		p.load.Warmup = max(0, *f.Warmup)
	}
	if f.For == 0 && f.Runs == 0 && f.Trace == "" {
		p.load.For = 10 * time.Second
	}
	p.settings.For, p.settings.Runs, p.settings.Warmup, p.settings.Limit = p.load.For.Seconds(), f.Runs, p.load.Warmup.Seconds(), f.Limit.Seconds()
	return nil
}

// fillArrivals decides between a closed and an open loop.
func (f *flags) fillArrivals(p *plan) (err error) {
	how := f.Arrivals
	switch {
	case how == "" && f.Trace != "":
		how = "trace"
	case how == "" && f.Rate != 0:
		how = "poisson"
	}
	if how == "" {
		p.settings.Callers = p.load.Callers
		return nil
	}
	if f.Callers != 0 {
		return errors.New("--callers are a closed loop, and --rate, --arrivals and --trace an open one: choose")
	}
	p.settings.Arrivals, p.settings.InFlight = how, f.InFlight
	if how == "trace" {
		return f.fillTrace(p)
	}
	if f.Trace != "" {
		return fmt.Errorf("--trace has no meaning with --arrivals %s", how)
	}
	if !(f.Rate > 0 && f.Rate <= 1e6) {
		return fmt.Errorf("--arrivals %s needs a --rate above 0 and up to a million", how)
	}
	p.settings.Rate = f.Rate
	switch how {
	case "constant":
		p.arrivals = load.Constant(f.Rate)
		return nil
	case "bursty":
		if f.On < time.Microsecond || f.Off < 0 {
			return errors.New("--on must be some time, and --off not negative")
		}
		p.settings.On, p.settings.Off = f.On.Seconds(), f.Off.Seconds()
		p.arrivals = load.Bursty(f.Rate, f.On, f.Off, f.Seed)
	default:
		p.arrivals = load.Poisson(f.Rate, f.Seed)
	}
	p.settings.Seed = f.Seed
	return nil
}

func (f *flags) fillTrace(p *plan) error {
	if f.Trace == "" || f.Rate != 0 {
		return errors.New("--arrivals trace needs --trace FILE, and no --rate")
	}
	file, err := os.Open(f.Trace)
	if err != nil {
		return err
	}
	defer file.Close()
	trace, err := load.ReadTrace(file)
	if err != nil {
		return fmt.Errorf("%s: %w", f.Trace, err)
	}
	if trace.Len() == 0 {
		return fmt.Errorf("%s has no arrivals", f.Trace)
	}
	if n := trace.Functions(); n > p.settings.Functions {
		return fmt.Errorf("%s has runs of %d functions, and there are %d: name a --target for each", f.Trace, n, p.settings.Functions)
	}
	p.arrivals, p.settings.Trace = trace, f.Trace
	return nil
}
