package servermode

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/golang"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/http"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/native"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/node"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/python"
)

// openKinds finds out what this host can run.
func (s *Server) openKinds() error {
	uid, done, err := s.someUser()
	if err != nil {
		return err
	}
	defer done()
	for _, open := range []func(uid int) error{s.openPython, s.openNode, s.openGo} {
		if err := open(uid); err != nil {
			return err
		}
	}
	s.kinds = append(s.kinds, s.native(), s.http())
	return s.openRuntimes(uid)
}

func (s *Server) native() native.Kind {
	return native.Kind{WaitForAck: s.cfg.NativeAck, Grace: s.cfg.NativeGrace, ExecutionEnv: s.cfg.NativeExecutionEnv}
}

// http uses the Python that was found, if any: call it after openPython.
func (s *Server) http() http.Kind {
	h := http.Kind{Concurrency: s.cfg.Concurrency}
	for _, k := range s.kinds {
		if p, ok := k.(*python.Kind); ok {
			h.Python = p
		}
	}
	return h
}

func (s *Server) openNode(uid int) error {
	n, err := node.New(candidates(s.cfg.Node, "node"), s.state.path("launchers"), uid)
	if err == nil {
		n.Modules, n.Concurrency = s.cfg.NodeModules, s.cfg.Concurrency
	}
	return s.offer("nodejs", "--node", s.cfg.Node, n, err)
}

func (s *Server) openGo(uid int) error {
	g, err := golang.New(candidates(s.cfg.Go, "go", "/usr/local/go/bin/go"), s.native(), uid)
	return s.offer("go:1", "--go", s.cfg.Go, g, err)
}

// archives are the limits of what authors send.
func (c Config) archives() artifact.Limits {
	return artifact.Limits{Bytes: c.MaxUnpacked, Files: c.MaxUnpackedFiles, Ratio: artifact.DefaultLimits.Ratio}
}

// someUser is a uid to try interpreters as, -1 where functions run as the
// server's own user.
func (s *Server) someUser() (uid int, done func(), err error) {
	if s.box.Users == nil {
		return -1, func() {}, nil
	}
	user, err := s.box.Users.Acquire()
	if err != nil {
		return 0, nil, err
	}
	return int(user.ID), func() { s.box.Users.Release(user) }, nil
}

func (s *Server) openPython(uid int) error {
	p, err := python.New(candidates(s.cfg.Python, "python3"), s.state.path("launchers"), uid)
	if err := s.offer("python:3", "--python", s.cfg.Python, p, err); err != nil {
		return err
	}
	if p == nil && len(s.cfg.Preload) > 0 {
		return fmt.Errorf("%w: --preload: this server has no Python", daemon.ErrConfig)
	}
	if p == nil {
		return nil
	}
	p.HostPackages = s.cfg.HostPackages
	if err := errors.Join(s.nameItPython(p), s.openParent(p)); err != nil {
		return err
	}
	if s.cfg.UV == noUV {
		return nil
	}
	p.UV, err = python.FindUV(candidates(s.cfg.UV, "uv"), uid)
	if err != nil && s.cfg.UV != "" {
		return fmt.Errorf("%w: --uv: %w", daemon.ErrConfig, err)
	}
	return nil
}

// nameItPython gives programs a python where the host has only python3: the
// platform's runtime images have one.
func (s *Server) nameItPython(p *python.Kind) error {
	dir := s.state.path("launchers/bin")
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.Chmod(dir, 0o755)); err != nil {
		return err
	}
	name := filepath.Join(dir, "python")
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Symlink(p.Path(), name)
}

// noUV in the configuration's place of a path leaves requirements to pip.
const noUV = "none"

// candidates are where an interpreter is looked for: where the owner says, else
// in the usual places.
func candidates(configured, name string, more ...string) []string {
	if configured != "" {
		return []string{configured}
	}
	return append([]string{name, "/usr/bin/" + name, "/usr/local/bin/" + name}, more...)
}

// described is a kind that can say what serves it.
type described interface {
	kind.Kind
	Describe() string
}

// offer adds a kind if the host has what it needs. To lack what the owner
// named is a mistake in the configuration.
func (s *Server) offer(name, flag, configured string, k described, err error) error {
	switch {
	case err != nil && hostFault(err) != "": // a server without the kind would seem well
		return fmt.Errorf("%s: %w", name, err)
	case err == nil:
		s.kinds = append(s.kinds, k)
		if configured != "" {
			s.noteConfigured(k)
		}
		s.log.Info("kind is available", zap.String("kind", k.Name()), zap.String("by", k.Describe()))
	case configured != "":
		return fmt.Errorf("%w: %s: %w", daemon.ErrConfig, flag, err)
	default:
		s.log.Warn("kind is not available", zap.String("kind", name), zap.Error(err))
	}
	return nil
}
