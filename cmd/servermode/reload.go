package main

import (
	"cmp"
	"os"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/servermode"
)

// reloading is a server that reads its flags, variables and file again when it
// is told to.
type reloading struct {
	*servermode.Server
	flags   flags // as the process was started
	log     *zap.Logger
	logPath string
	level   zap.AtomicLevel
}

// CanReload reports whether there is a file that can be read again: settings,
// tokens or certificates.
func (r *reloading) CanReload() bool {
	f := r.flags
	return cmp.Or(f.Config, f.TokenFile, f.TLSCert, f.JoinTokenFile) != ""
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
	if err := r.Server.Reload(cfg); err != nil {
		return err
	}
	r.level.SetLevel(level.Level())
	if f.Log != r.flags.Log {
		r.restart("log")
	}
	if f.LogFormat != r.flags.LogFormat {
		r.restart("log-format")
	}
	if f.Grace != r.flags.Grace {
		r.restart("grace")
	}
	return nil
}

func (r *reloading) restart(setting string) {
	r.log.Warn("not changed: restart the server for it", zap.Strings("settings", []string{setting}))
}
