package main

import (
	"cmp"
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

// CanReload reports whether there is a file that can be read again: settings,
// tokens or certificates.
func (r *reloading) CanReload() bool {
	f := r.flags
	return cmp.Or(f.Config, f.TokenFile, f.TLSCert, f.ServersTokenFile, f.JoinTokenFile, f.ServersCA, f.Hosts.TokenFile) != ""
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
	var late []string
	if f.Grace != r.flags.Grace {
		late = append(late, "grace")
	}
	if f.LogFormat != r.flags.LogFormat {
		late = append(late, "log-format")
	}
	if len(late) > 0 {
		r.log.Warn("not changed: restart the balancer for it", zap.Strings("settings", late))
	}
	return nil
}
