package launch

import (
	"os"
	"path/filepath"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/servermode/internal/host"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
	"github.com/whiskaway/whiskaway/servermode/internal/tree"
)

// clearFunctions removes the folders that an earlier server left. A folder that
// cannot be removed does no harm, because new ones have other names.
func (l *Launcher) clearFunctions() error {
	dir := l.cfg.State.Path("functions")
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		l.removeFolder(filepath.Join(dir, e.Name()))
	}
	return err
}

// removeFolder removes a function's folder, whatever is in it.
func (l *Launcher) removeFolder(dir string) {
	if err := tree.Remove(dir); err != nil {
		l.log.Warn("a function's folder is left; the next start tries again, or remove it by hand", zap.String("folder", dir), zap.Error(err))
	}
}

// openSandbox gives functions users of their own, if the server is able to.
func (l *Launcher) openSandbox() error {
	var users *sandbox.Users
	if !host.SharesUser() {
		if err := l.cfg.State.Passable(); err != nil {
			return err
		}
		var err error
		if users, err = sandbox.ClaimUsers(); err != nil {
			return err
		}
		l.onClose(users.Close)
		users.Notice = func(err error) { l.log.Warn("something of a function is left on the host", zap.Error(err)) }
		if users.Left != nil {
			users.Notice(users.Left)
		}
	} else {
		l.log.Warn("functions are not isolated: "+host.NotIsolated, zap.Int("uid", os.Getuid()))
	}
	// No process is left by now that could put links in the way.
	if err := l.clearFunctions(); err != nil {
		return err
	}
	l.Box = sandbox.New(l.cfg.State.ID+"."+l.cfg.Incarnation, l.cfg.Limits, users)
	l.onClose(func() error { l.Box.Close(); return nil })
	l.onClose(func() error { l.removals.Wait(); return nil })
	return l.probeSandbox()
}

// probeSandbox finds out what can be private to each process, and logs what cannot.
func (l *Launcher) probeSandbox() error {
	l.Box.SharedMemory = l.cfg.SharedMemory
	if err := l.Box.Probe(l.cfg.State.Path("functions")); err != nil {
		return err
	}
	layers := l.Box.Layers
	if !layers.Mounts && l.Box.Users != nil && inContainer() {
		if err := l.Box.NameUsers("/etc"); err != nil {
			l.log.Warn("functions' users have no names: getpwuid fails in them", zap.Error(err))
		}
	}
	switch {
	case !layers.Mounts:
		l.log.Warn("functions share /tmp, /var/tmp, /dev/shm and System V segments with the host; they have a HOME and a TMPDIR of their own",
			zap.NamedError("because", layers.Why))
	case !layers.Overlay:
		l.log.Warn("the processes of one function share its working folder; all else is their own", zap.NamedError("because", layers.Why))
	default:
		l.log.Info("each process has its own /tmp, home, working folder, shared memory and System V segments")
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

// removeLater removes the folders of a process that has ended. Only Close waits for
// it.
func (l *Launcher) removeLater(folders *sandbox.Folders) {
	l.removals.Go(func() {
		if err := folders.Remove(); err != nil {
			l.log.Warn("a process's folders are left; they go with the function", zap.Error(err))
		}
	})
}
