package servermode

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/python"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
	"github.com/whiskaway/whiskaway/servermode/internal/zygote"
)

// openParent starts the process from which Python functions are forked. If it
// cannot be they are executed, unless the owner asked for modules in it.
func (s *Server) openParent(p *python.Kind) error {
	if s.cfg.NoFork {
		return nil
	}
	parent, err := zygote.Open(zygote.Config{
		Box: s.box, Interpreter: p.Path(), Launcher: p.Launcher(), Preload: s.cfg.Preload,
		Env: append(entries(s.commonVars()), p.Env()...),
		Notice: func(err error) {
			s.log.Warn("Python functions are executed, not forked, until the next attempt", zap.Error(err))
		},
	})
	missing := (*zygote.PreloadError)(nil)
	switch {
	case errors.As(err, &missing):
		return fmt.Errorf("%w: --preload: %w", daemon.ErrConfig, missing)
	case err != nil && len(s.cfg.Preload) > 0:
		return fmt.Errorf("%w: --preload: %w", daemon.ErrConfig, err)
	case err != nil:
		s.log.Warn("Python functions are executed, not forked: they start slower", zap.Error(err))
		return nil
	}
	s.parent = parent
	s.onStop(func() error { parent.Close(); return nil })
	if parent.TouchesGPU() {
		s.log.Warn("a module of --preload initialises CUDA, which does not survive a fork: functions are executed", zap.Strings("preload", s.cfg.Preload))
	}
	return nil
}

// forks are what became of the starts of Python functions.
func (s *Server) forks() zygote.Stats { return s.parent.Stats() }

// fork makes spec that of a process which is forked, if it can be.
func (p *program) fork(spec *process.Spec) {
	if f := p.command.Fork; f != nil {
		spec.Fork = p.server.parent.For(zygote.Program{Env: spec.Env, Dir: spec.Dir, Folder: f.Folder, Main: f.Main, Venv: f.Venv, Apart: f.Apart})
	}
}

// module is a name that can be imported.
var module = regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$`)

// checkPreload says what is wrong with the modules to load.
func (c Config) checkPreload() error {
	wrong := slices.IndexFunc(c.Preload, func(name string) bool { return !module.MatchString(name) })
	switch {
	case wrong >= 0:
		return fmt.Errorf("%w: --preload: %q is no module's name", daemon.ErrConfig, c.Preload[wrong])
	case len(c.Preload) > 0 && c.NoFork:
		return fmt.Errorf("%w: --preload is for processes that are forked; leave out --no-fork", daemon.ErrConfig)
	}
	return nil
}
