package main

import (
	"os"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/loadbalancer"
)

// reloading is a balancer that reads its flags, variables and file again when it
// is told to.
type reloading struct {
	*loadbalancer.Balancer
	flags flags // as the process was started
	log   *zap.Logger
	level zap.AtomicLevel
}

func (r *reloading) Reload() error {
	var f flags
	if _, err := newParser(&f).Parse(os.Args[1:]); err != nil {
		return err
	}
	level, err := zap.ParseAtomicLevel(f.LogLevel)
	if err != nil {
		return err
	}
	cfg := f.config()
	cfg.Log = r.log
	if err := r.Balancer.Reload(cfg); err != nil {
		return err
	}
	r.level.SetLevel(level.Level())
	if f.Grace != r.flags.Grace {
		r.log.Warn("not changed: restart the balancer for it", zap.Strings("settings", []string{"grace"}))
	}
	return nil
}
