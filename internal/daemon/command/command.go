// Package command is the main function of a service that can reload its
// settings. It reads the command line, makes the log, runs the service and
// reloads it at SIGHUP.
package command

import (
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/settings"
	"github.com/whiskaway/whiskaway/internal/settings/file"
)

// Service is a service with settings of type C. A Reload that fails changes
// nothing.
type Service[C any] interface {
	daemon.Service
	Reload(C) error
}

// Program is a command that runs a service.
type Program[C any] struct {
	Name, About string
	New         func(C, *zap.Logger) Service[C]

	OwnLog  func(C) string                    // where the log goes if no flag says so; nil: to stderr
	Address func(C) (listen string, tls bool) // of a health check; nil: the command has none
}

// Process has the settings of a service's process.
type Process struct {
	File      string        `flag:"config" group:"The process" type:"file" help:"YAML file with settings. SIGHUP reloads it."`
	Grace     time.Duration `flag:"grace" default:"30s" min:"0s" help:"How long requests may go on after SIGTERM."`
	Log       string        `flag:"log" default:"auto" help:"Where the log goes: stderr, a file, nowhere if empty, or auto: stderr, unless the text above says otherwise."`
	LogLevel  string        `flag:"log-level" default:"info" enum:"debug,info,warn,error" reload:"live" help:"Lowest level of the entries that are logged."`
	LogFormat string        `flag:"log-format" default:"auto" enum:"auto,human,json" help:"What the log looks like. auto: for a reader at a terminal, JSON elsewhere."`
}

// Settings has all settings that a command reads.
type Settings[C any] struct {
	Process
	Service C
}

func (p *Program[C]) command() settings.Command {
	return settings.Command{Name: p.Name, About: p.About, File: file.Read}
}

// Main runs the command and ends the process.
func (p *Program[C]) Main() {
	args := os.Args[1:]
	healthcheck := p.Address != nil && len(args) > 0 && args[0] == "healthcheck"
	if healthcheck {
		args = args[1:]
	}
	r := &reloading[C]{program: p, args: args}
	p.command().Read(args, &r.started)
	if healthcheck {
		settings.Fill(&r.started.Service)
		os.Exit(daemon.Healthcheck(p.Address(r.started.Service)))
	}
	os.Exit(r.run())
}

// reloading is a service that reloads its settings when it is told to.
type reloading[C any] struct {
	Service[C]
	program *Program[C]
	args    []string
	started Settings[C]
	level   zap.AtomicLevel
	log     *zap.Logger
}

func (r *reloading[C]) run() int {
	now, err := &r.started, error(nil)
	path := now.Log
	if path == "auto" {
		path = daemon.Stderr
		if own := r.program.OwnLog; own != nil {
			path = own(now.Service)
		}
	}
	r.level = zap.NewAtomicLevelAt(level(now.LogLevel))
	if r.log, err = daemon.NewLogIn(now.LogFormat, r.level, path); err != nil {
		daemon.Complain(fmt.Errorf("--log: %w", err))
		return daemon.ExitUsage
	}
	r.Service = r.program.New(now.Service, r.log)
	code := daemon.Run(r, now.Grace, r.log, path)
	_ = r.log.Sync()
	return code
}

// level returns the level of a valid name; the setting's tag lists the names.
func level(name string) zapcore.Level {
	at, _ := zapcore.ParseLevel(name)
	return at
}

// CanReload reports whether a file can be read again: settings, tokens or
// certificates.
func (r *reloading[C]) CanReload() bool { return settings.HasFile(&r.started) }

// Reload reads flags, variables and file again.
func (r *reloading[C]) Reload() error {
	var next Settings[C]
	if err := r.program.command().Parse(r.args, &next); err != nil {
		return err
	}
	if err := r.Service.Reload(next.Service); err != nil {
		return err
	}
	r.level.SetLevel(level(next.LogLevel))
	if restart := settings.Merge(&r.started.Process, next.Process); len(restart) > 0 {
		r.log.Warn("not changed: restart the process for it", zap.Strings("settings", restart))
	}
	return nil
}
