package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/servermode/internal/host"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/golang"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/http"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/node"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/python"
)

// openKinds finds out which kinds this host can run. A kind that needs a program of
// the host is one line of the table.
func (l *Launcher) openKinds() error {
	uid, done, err := l.someUser()
	if err != nil {
		return err
	}
	defer done()
	if err := l.openPython(uid); err != nil {
		return err
	}
	launchers := l.cfg.State.Path("launchers")
	for _, k := range []struct {
		name, flag, configured string
		paths                  []string
		open                   func(paths []string) (described, error)
	}{
		{"nodejs", "--node", l.cfg.Node, usual("node"), func(paths []string) (described, error) {
			return node.New(paths, launchers, uid, l.cfg.NodeModules, l.cfg.Concurrency)
		}},
		{"go:1", "--go", l.cfg.Go, usual("go", "/usr/local/go/bin/go"), func(paths []string) (described, error) { return golang.New(paths, l.cfg.Native, uid) }},
	} {
		found, err := k.open(candidates(k.configured, k.paths))
		if err := l.offer(k.name, k.flag, k.configured, found, err); err != nil {
			return err
		}
	}
	l.Kinds = append(l.Kinds, l.cfg.Native, l.http())
	return l.openRuntimes(uid)
}

// http returns the kind http, which uses the Python that openPython found.
func (l *Launcher) http() http.Kind {
	h := http.Kind{Concurrency: l.cfg.Concurrency}
	for _, k := range l.Kinds {
		if p, ok := k.(*python.Kind); ok {
			h.Python = p
		}
	}
	return h
}

// someUser returns a uid as which interpreters are tried; -1 if functions run as the
// server's own user.
func (l *Launcher) someUser() (uid int, done func(), err error) {
	if l.Box.Users == nil {
		return -1, func() {}, nil
	}
	user, err := l.Box.Users.Acquire()
	if err != nil {
		return 0, nil, err
	}
	return int(user.ID), func() { l.Box.Users.Release(user) }, nil
}

// noUV in place of a path makes pip install requirements.
const noUV = "none"

// candidates returns where to look for a program: the configured path, or else the
// usual places.
func candidates(configured string, usual []string) []string {
	if configured != "" {
		return []string{configured}
	}
	return usual
}

// usual returns the places in which a program usually is.
func usual(name string, more ...string) []string {
	return append([]string{name, "/usr/bin/" + name, "/usr/local/bin/" + name}, more...)
}

// described is a kind that can say what serves it.
type described interface {
	kind.Kind
	Describe() string
}

// offer adds a kind if the host has what it needs. If the owner configured the kind,
// a host that cannot run it is a mistake in the configuration.
func (l *Launcher) offer(name, flag, configured string, k described, err error) error {
	switch {
	case err != nil && host.Fault(err) != "": // started without the kind, the server would seem well
		return fmt.Errorf("%s: %w", name, err)
	case err == nil:
		l.Kinds = append(l.Kinds, k)
		if stands, ok := k.(kind.Stands); ok && configured != "" {
			l.configured = append(l.configured, stands)
		}
		l.log.Info("kind is available", zap.String("kind", k.Name()), zap.String("by", k.Describe()))
	case configured != "":
		return fmt.Errorf("%w: %s: %w", daemon.ErrConfig, flag, err)
	default:
		l.log.Warn("kind is not available", zap.String("kind", name), zap.Error(err))
	}
	return nil
}

// CheckKinds returns an error if a kind that the owner configured cannot be run any
// more. A kind that the server found by itself may disappear: only its callers miss
// it.
func (l *Launcher) CheckKinds() error {
	for _, k := range l.configured {
		for _, path := range k.On() {
			if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
				return errors.Join(host.Unfit(fmt.Sprintf("the kind %s is configured, and what it needs on this host is gone", k.Name())), err)
			}
		}
	}
	return nil
}
