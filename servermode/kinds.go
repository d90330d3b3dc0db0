package servermode

import (
	"fmt"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
)

// openKinds finds out what this host can run.
func (s *Server) openKinds() error {
	uid, done, err := s.someUser()
	if err != nil {
		return err
	}
	defer done()
	for _, open := range []func(uid int) error{s.openPython} {
		if err := open(uid); err != nil {
			return err
		}
	}
	s.kinds = append(s.kinds, kind.Native{
		WaitForAck: s.cfg.NativeAck, Grace: s.cfg.NativeGrace, ExecutionEnv: s.cfg.NativeExecutionEnv,
	})
	return nil
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
	python, err := kind.NewPython(candidates(s.cfg.Python, "python3"), s.state.path("launchers"), uid)
	if err == nil {
		python.UV = kind.FindUV(uid)
	}
	return s.offer("python:3", "--python", s.cfg.Python, python, err)
}

// candidates are where an interpreter is looked for: where the owner says, else
// in the usual places.
func candidates(configured, name string) []string {
	if configured != "" {
		return []string{configured}
	}
	return []string{name, "/usr/bin/" + name, "/usr/local/bin/" + name}
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
	case err == nil:
		s.kinds = append(s.kinds, k)
		s.log.Info("kind is available", zap.String("kind", k.Name()), zap.String("by", k.Describe()))
	case configured != "":
		return fmt.Errorf("%w: %s: %w", daemon.ErrConfig, flag, err)
	default:
		s.log.Warn("kind is not available", zap.String("kind", name), zap.Error(err))
	}
	return nil
}
