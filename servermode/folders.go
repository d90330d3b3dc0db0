package servermode

import (
	"os"
	"path/filepath"
	"slices"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// probeSandbox finds out what processes can have of their own, and says what
// they cannot.
func (s *Server) probeSandbox() error {
	s.box.SharedMemory = s.cfg.SharedMemory
	if err := s.box.Probe(s.state.Path("functions")); err != nil {
		return err
	}
	layers := s.box.Layers
	if !layers.Mounts && s.box.Users != nil && inContainer() {
		if err := s.box.NameUsers("/etc"); err != nil {
			s.log.Warn("functions' users have no names: getpwuid fails in them", zap.Error(err))
		}
	}
	switch {
	case !layers.Mounts:
		s.log.Warn("functions share /tmp, /var/tmp, /dev/shm and System V segments with the host; they have a HOME and a TMPDIR of their own",
			zap.NamedError("because", layers.Why))
	case !layers.Overlay:
		s.log.Warn("the processes of one function share its working folder; all else is their own", zap.NamedError("because", layers.Why))
	default:
		s.log.Info("each process has its own /tmp, home, working folder, shared memory and System V segments")
	}
	return nil
}

// inContainer reports whether this host is a container, whose /etc is its own.
func inContainer() bool {
	for _, sign := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(sign); err == nil {
			return true
		}
	}
	_, pod := os.LookupEnv("KUBERNETES_SERVICE_HOST")
	return pod
}

// findNeeds finds what functions need of folders that are hidden from them, as
// when an interpreter lies in /tmp.
func (s *Server) findNeeds() error {
	all := append([]string{s.state.Path("launchers"), s.state.Path("builds")}, s.cfg.Keep...)
	for _, k := range s.kinds {
		if n, ok := k.(interface{ Needs() []string }); ok {
			all = append(all, n.Needs()...)
		}
	}
	for _, key := range slices.Concat(passed, s.cfg.PassEnv) {
		all = append(all, filepath.SplitList(os.Getenv(key))...)
	}
	s.needs = slices.DeleteFunc(all, func(path string) bool { return !sandbox.Hidden(path) })
	return nil
}

// removeLater removes the folders of a process that has ended. Nobody waits for
// that but the server's own end.
func (s *Server) removeLater(folders *sandbox.Folders) {
	s.removals.Go(func() {
		if err := folders.Remove(); err != nil {
			s.log.Warn("a process's folders are left; they go with the function", zap.Error(err))
		}
	})
}

// awaitRemovals waits until what has ended is removed.
func (s *Server) awaitRemovals() error {
	s.removals.Wait()
	return nil
}
