package servermode

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
	"github.com/whiskaway/whiskaway/servermode/internal/tree"
)

// stateDir is the server's own folder:
//
//	id          names the folder in the marks of processes
//	lock        held by the server that uses it
//	code/       cached code, by tenant and digest
//	launchers/  the programs that load functions
//	builds/     what was built for functions: environments, programs
//	functions/  one folder per function that has had a process
//	room        written now and then, to see whether there is room
//	servermode.log  the server's own log, where stderr is a function's
type stateDir struct {
	dir, id string
	lock    *os.File
}

func (d *stateDir) path(name string) string { return filepath.Join(d.dir, name) }

// openState takes the folder and clears away what an earlier server left.
func (s *Server) openState() error {
	d := &stateDir{dir: s.cfg.StateDir}
	var err error
	if d.dir, err = filepath.Abs(d.dir); err != nil {
		return err
	}
	if err := d.make(); err != nil && hostFault(err) != "" { // a restart may find it mended
		return fmt.Errorf("state folder: %w", err)
	} else if err != nil {
		return fmt.Errorf("%w: state folder: %w", daemon.ErrConfig, err)
	}
	// Links in the way are followed once, here: mounts know folders by their real paths.
	if d.dir, err = filepath.EvalSymlinks(d.dir); err != nil {
		return fmt.Errorf("%w: state folder: %w", daemon.ErrConfig, err)
	}
	if err := d.takeLock(); err != nil {
		return err
	}
	s.state = d
	s.onStop(d.lock.Close)
	known := false
	if d.id, known, err = d.readID(); err != nil {
		return fmt.Errorf("state folder: %w", err)
	}
	if !known {
		s.log.Warn("the state folder's id was not legible and is made anew: what an earlier server left running is not found by it", zap.String("file", d.path("id")))
	}
	return sandbox.Sweep(d.id + ".")
}

// make makes the folder and its parts. A folder that holds something and is no
// server's is left alone: what lies in it would be lost.
func (d *stateDir) make() error {
	entries, err := os.ReadDir(d.dir)
	fresh := errors.Is(err, os.ErrNotExist)
	if err != nil && !fresh {
		return err
	}
	if isForeign(entries) {
		return fmt.Errorf("%s is not empty and not a server's; choose another --state-dir", d.dir)
	}
	dirs := []string{d.path("functions"), d.path("launchers")}
	if fresh {
		dirs = append([]string{d.dir}, dirs...)
	}
	for _, dir := range dirs {
		// 0711: functions that run as users of their own pass through to their
		// folders. chmod, because a daemon's umask may be anything.
		if err := errors.Join(os.MkdirAll(dir, 0o711), os.Chmod(dir, 0o711)); err != nil {
			return err
		}
	}
	return nil
}

func (d *stateDir) takeLock() (err error) {
	if d.lock, err = os.OpenFile(d.path("lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	if err := syscall.Flock(int(d.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return errors.Join(fmt.Errorf("%w: another server uses the state folder %s; set --state-dir", daemon.ErrConfig, d.dir), d.lock.Close())
	}
	return nil
}

// readID reads the folder's id, or makes one. What is there and is none (a disk
// was full, or somebody wrote into it) is not known, and is replaced: it would be
// in the mark of every process.
func (d *stateDir) readID() (id string, known bool, err error) {
	text, err := os.ReadFile(d.path("id"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", false, err
	}
	if id, err := uuid.Parse(strings.TrimSpace(string(text))); err == nil {
		return id.String(), true, nil
	}
	id = uuid.NewString()
	next := d.path("id.new")
	if err = os.WriteFile(next, []byte(id+"\n"), 0o600); err == nil {
		err = os.Rename(next, d.path("id"))
	}
	return id, len(text) == 0, err
}

// clearFunctions removes the folders that an earlier server left. One that
// stays is in nobody's way: new ones have names of their own.
func (s *Server) clearFunctions() error {
	dir := s.state.path("functions")
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		s.removeFolder(filepath.Join(dir, e.Name()))
	}
	return err
}

// removeFolder removes a function's folder, whatever is left in it.
func (s *Server) removeFolder(dir string) {
	if err := tree.Remove(dir); err != nil {
		s.log.Warn("a function's folder is left; the next start tries again, or remove it by hand", zap.String("folder", dir), zap.Error(err))
	}
}

// openSandbox chooses as whom functions run.
func (s *Server) openSandbox() error {
	var users *sandbox.Users
	if !sharesUser() {
		if err := s.state.passable(); err != nil {
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
	s.box = sandbox.New(s.state.id+"."+s.incarnation, s.cfg.Limits, users)
	s.onStop(func() error { s.box.Close(); return nil })
	s.onStop(s.awaitRemovals)
	if err := s.probeSandbox(); err != nil {
		return err
	}
	return s.openShop()
}

// openShop makes ready the place where dependencies and programs are built.
func (s *Server) openShop() (err error) {
	s.builder, err = build.Open(build.Config{
		Dir: s.state.path("builds"), Box: s.box,
		AtOnce: int64(s.cfg.Builds), Timeout: s.cfg.BuildTimeout, MaxBytes: s.cfg.BuildCache,
	})
	if err == nil {
		s.onStop(s.builder.Close)
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

// passable makes sure that any user can pass through to the functions' folders.
func (d *stateDir) passable() error {
	for dir := d.path("functions"); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("%w: functions run as users of their own, who cannot pass %s (mode %04o); choose another --state-dir or open it with chmod o+x",
				daemon.ErrConfig, dir, info.Mode().Perm())
		}
		if dir == "/" {
			return nil
		}
	}
}
