package servermode

import (
	"os"
	"path/filepath"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/host"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// openState takes the server's folder and ends what an earlier server left running.
func (s *Server) openState() (err error) {
	if s.state, err = host.OpenState(s.cfg.StateDir); err != nil {
		return err
	}
	s.onStop(s.state.Close)
	if s.state.Renamed {
		s.log.Warn("the state folder's id was not legible and is made anew: what an earlier server left running is not found by it", zap.String("file", s.state.Path("id")))
	}
	return sandbox.Sweep(s.state.ID + ".")
}

// clearFunctions removes the folders that an earlier server left. One that
// stays is in nobody's way: new ones have names of their own.
func (s *Server) clearFunctions() error {
	dir := s.state.Path("functions")
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		s.removeFolder(filepath.Join(dir, e.Name()))
	}
	return err
}

// removeFolder removes a function's folder, whatever is left in it.
func (s *Server) removeFolder(dir string) {
	if err := sandbox.RemoveTree(dir); err != nil {
		s.log.Warn("a function's folder is left; the next start tries again, or remove it by hand", zap.String("folder", dir), zap.Error(err))
	}
}

// openSandbox chooses as whom functions run.
func (s *Server) openSandbox() error {
	var users *sandbox.Users
	if !sharesUser() {
		if err := s.state.Passable(); err != nil {
			return err
		}
		var err error
		if users, err = sandbox.ClaimUsers(); err != nil {
			return err
		}
		s.onStop(users.Close)
		users.Notice = func(err error) { s.log.Warn("something of a function is left on the host", zap.Error(err)) }
		if users.Left != nil {
			users.Notice(users.Left)
		}
	} else {
		s.log.Warn("functions are not isolated: "+notIsolated, zap.Int("uid", os.Getuid()))
	}
	// Now that nobody is left who could put links in the way.
	if err := s.clearFunctions(); err != nil {
		return err
	}
	s.box = sandbox.New(s.state.ID+"."+s.incarnation, s.cfg.Limits, users)
	s.onStop(func() error { s.box.Close(); return nil })
	s.onStop(s.awaitRemovals)
	if err := s.probeSandbox(); err != nil {
		return err
	}
	return s.openShop()
}

// openShop makes ready the place where dependencies and programs are built.
func (s *Server) openShop() (err error) {
	s.shop, err = build.Open(build.Config{
		Dir: s.state.Path("builds"), Box: s.box,
		AtOnce: int64(s.cfg.Builds), Timeout: s.cfg.BuildTimeout, MaxBytes: s.cfg.BuildCache,
	})
	if err == nil {
		s.onStop(s.shop.Close)
	}
	return err
}

// adoptOrphans comes after the last program that is started other than by the
// sandbox.
func (s *Server) adoptOrphans() error {
	if !s.cfg.AdoptOrphans {
		return nil
	}
	orphans, err := sandbox.AdoptOrphans()
	if err != nil {
		return err
	}
	s.onStop(func() error { orphans.Close(); return nil })
	return nil
}
