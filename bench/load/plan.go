package main

import (
	"errors"
	"fmt"

	"github.com/whiskaway/whiskaway/bench/internal/load"
)

// plan is what the flags ask for.
type plan struct {
	targets  []*load.Target
	action   *action // nil: the containers have theirs
	work     load.Work
	arrivals load.Arrivals // nil: a closed loop
	load     load.Plan
	settings settings
}

// plan checks that the flags go together.
func (f *flags) plan() (*plan, error) {
	p := &plan{}
	for _, fill := range []func(*plan) error{f.fillTargets, f.fillWork, f.fillAction, f.fillLoad, f.fillArrivals} {
		if err := fill(p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (f *flags) fillTargets(p *plan) error {
	functions := f.Functions
	if functions == 0 {
		functions = len(f.Target)
	}
	if functions < 0 || functions > len(f.Target) {
		return fmt.Errorf("--functions %d with %d targets: a container holds one action, so name a --target for each", f.Functions, len(f.Target))
	}
	if f.Action != "" && !f.Init {
		return errors.New("--action has no meaning with --no-init")
	}
	if f.Concurrency < 1 {
		return errors.New("--concurrency must be 1 or more")
	}
	keep := f.Concurrency
	if !f.KeepAlive {
		keep = 0
	}
	seen := map[string]bool{}
	for i, url := range f.Target {
		target, err := load.NewTarget(url, keep)
		if err != nil {
			return err
		}
		if seen[url] {
			return fmt.Errorf("--target %s is named twice", url)
		}
		seen[url] = true
		target.Function, target.Concurrency = i%functions, f.Concurrency
		p.targets = append(p.targets, target)
	}
	p.settings.Targets, p.settings.Functions, p.settings.Concurrency, p.settings.KeepAlive = f.Target, functions, f.Concurrency, f.KeepAlive
	return nil
}

func (f *flags) fillWork(p *plan) (err error) {
	work, err := load.NewEcho(int(f.Payload), f.Limit)
	if f.Value != "" {
		work, err = load.NewValue([]byte(f.Value), f.Limit)
	}
	if err != nil {
		return err
	}
	work.AnyAnswer = f.Check == "ok"
	p.work = work
	p.settings.Payload, p.settings.Value, p.settings.Check = int(f.Payload), f.Value, f.Check
	if f.Value != "" {
		p.settings.Payload = len(f.Value)
	}
	return nil
}

func (f *flags) fillAction(p *plan) (err error) {
	if !f.Init {
		return nil
	}
	p.settings.Action = "echo, " + f.Kind
	if f.Action != "" {
		p.settings.Action = f.Action
		p.action, err = readAction(f.Action)
	} else {
		p.action, err = echoAction(f.Kind)
	}
	if err != nil {
		return err
	}
	p.action.main = f.Main
	for name, value := range f.Env {
		p.action.env[name] = value
	}
	return nil
}
