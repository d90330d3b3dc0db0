// Package launch turns an init into processes. It finds out which kinds the host can
// run, lays code out, orders what it needs to be built, and starts, forks or shares
// processes. It also reads the hints by which an author says how a function is kept,
// and explains failed starts. A kind is one line of the table in kinds.go.
package launch

import (
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/codestore"
	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/host"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/native"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
	"github.com/whiskaway/whiskaway/servermode/internal/zygote"
)

// Config is a launcher's parts, and the owner's settings for processes.
type Config struct {
	State       *host.State
	Incarnation string
	Store       *codestore.Store
	OOM         *host.OOMWatch
	Log         *zap.Logger
	StopGrace   func() time.Duration // as now configured

	Limits       sandbox.Limits
	SharedMemory int64    // bytes of /dev/shm for each process
	Keep         []string // paths in hidden folders that functions see nevertheless
	PassEnv      []string // variables of the server that functions see
	MaxResult    int      // bytes
	Archives     artifact.Limits
	Builds       build.Config // without folder and sandbox
	Kinds
}

// Kinds are the owner's choices for kinds. For what is empty the host is searched.
type Kinds struct {
	Python, UV   string
	HostPackages bool
	Preload      []string
	NoFork       bool
	Go           string
	Node         string
	NodeModules  string
	Native       native.Kind
	Runtimes     []string
	Concurrency  int // runs at once in a process, where its action and kind allow it
}

// Launcher starts the processes of all functions.
type Launcher struct {
	Box     *sandbox.Sandbox
	Builder *build.Builder
	Kinds   kind.Set
	Parent  *zygote.Parent // of Python functions; nil: they are executed

	cfg        Config
	log        *zap.Logger
	configured []kind.Stands  // the kinds that the owner configured
	needs      []string       // files that functions need in folders that are hidden from them
	removals   sync.WaitGroup // of folders that ended processes leave
	cleanups   []func() error
}

// Open finds out what the host can run, and opens the sandbox.
func Open(cfg Config) (*Launcher, error) {
	l := &Launcher{cfg: cfg, log: cfg.Log}
	for _, step := range []func() error{l.openSandbox, l.openBuilder, l.openKinds, l.findNeeds} {
		if err := step(); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	return l, nil
}

func (l *Launcher) onClose(f func() error) { l.cleanups = append(l.cleanups, f) }

// Close undoes Open, in reverse order. The launcher's processes must have ended.
func (l *Launcher) Close() error {
	var errs []error
	for i := len(l.cleanups) - 1; i >= 0; i-- {
		errs = append(errs, l.cleanups[i]())
	}
	return errors.Join(errs...)
}

// openBuilder opens the builder of dependencies and programs.
func (l *Launcher) openBuilder() (err error) {
	cfg := l.cfg.Builds
	cfg.Dir, cfg.Box = l.cfg.State.Path("builds"), l.Box
	if l.Builder, err = build.Open(cfg); err == nil {
		l.onClose(l.Builder.Close)
	}
	return err
}
