package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/python"
	"github.com/whiskaway/whiskaway/servermode/internal/zygote"
)

func (l *Launcher) openPython(uid int) error {
	p, err := python.New(candidates(l.cfg.Python, usual("python3")), l.cfg.State.Path("launchers"), uid)
	if err := l.offer("python:3", "--python", l.cfg.Python, p, err); err != nil {
		return err
	}
	if p == nil && len(l.cfg.Preload) > 0 {
		return fmt.Errorf("%w: --preload: this server has no Python", daemon.ErrConfig)
	}
	if p == nil {
		return nil
	}
	p.HostPackages = l.cfg.HostPackages
	if err := errors.Join(l.linkPython(p), l.openParent(p)); err != nil {
		return err
	}
	if l.cfg.UV == noUV {
		return nil
	}
	p.UV, err = python.FindUV(candidates(l.cfg.UV, usual("uv")), uid)
	if err != nil && l.cfg.UV != "" {
		return fmt.Errorf("%w: --uv: %w", daemon.ErrConfig, err)
	}
	return nil
}

// linkPython adds a program python where the host has only python3, because the
// platform's runtime images have one.
func (l *Launcher) linkPython(p *python.Kind) error {
	dir := l.cfg.State.Path("launchers/bin")
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.Chmod(dir, 0o755)); err != nil {
		return err
	}
	name := filepath.Join(dir, "python")
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Symlink(p.Path(), name)
}

// openParent starts the process from which Python functions are forked. Without it
// they are executed. It is an error if the owner asked for modules in it.
func (l *Launcher) openParent(p *python.Kind) error {
	if l.cfg.NoFork {
		return nil
	}
	parent, err := zygote.Open(zygote.Config{
		Box: l.Box, Interpreter: p.Path(), Launcher: p.Launcher(), Preload: l.cfg.Preload,
		Env: append(entries(l.commonVars()), p.Env()...),
		Notice: func(err error) {
			l.log.Warn("Python functions are executed, not forked, until the next attempt", zap.Error(err))
		},
	})
	missing := (*zygote.PreloadError)(nil)
	switch {
	case errors.As(err, &missing):
		return fmt.Errorf("%w: --preload: %w", daemon.ErrConfig, missing)
	case err != nil && len(l.cfg.Preload) > 0:
		return fmt.Errorf("%w: --preload: %w", daemon.ErrConfig, err)
	case err != nil:
		l.log.Warn("Python functions are executed, not forked: they start slower", zap.Error(err))
		return nil
	}
	l.Parent = parent
	l.onClose(func() error { parent.Close(); return nil })
	if parent.TouchesGPU() {
		l.log.Warn("a module of --preload initialises CUDA, which does not survive a fork: functions are executed", zap.Strings("preload", l.cfg.Preload))
	}
	return nil
}

// module is a name that can be imported.
var module = regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$`)

// CheckPreload checks the names of the modules that Python functions find imported.
func CheckPreload(preload []string, noFork bool) error {
	wrong := slices.IndexFunc(preload, func(name string) bool { return !module.MatchString(name) })
	switch {
	case wrong >= 0:
		return fmt.Errorf("%w: --preload: %q is no module's name", daemon.ErrConfig, preload[wrong])
	case len(preload) > 0 && noFork:
		return fmt.Errorf("%w: --preload is for processes that are forked; leave out --no-fork", daemon.ErrConfig)
	}
	return nil
}
