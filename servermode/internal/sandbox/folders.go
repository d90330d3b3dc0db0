package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/servermode/internal/tree"
)

// Place is where a function's processes get their folders.
type Place struct {
	Dir    string // the function's own
	Action string // its code, the working folder; empty: it has none
	User   *User  // nil: the server's own
	// Keep are folders that the processes need, wherever they lie.
	Keep []string
}

// Folders are what one process has of its own, as a container has: its /tmp and
// other temporary folders, its home, its changes to the working folder, its entry in
// /etc/passwd. Where the host has no namespaces for that, they are a home and a
// TMPDIR.
type Folders struct {
	// Home and Tmp are the values of HOME and TMPDIR.
	Home, Tmp string
	// UserName is the value of USER and LOGNAME.
	UserName string

	dir    string // holds them all
	spaces uint32
	mounts []Mount
}

const (
	// seen is the mode of a folder in which other users find only what they can name.
	seen = 0o711
	// public is the mode of /tmp.
	public = 0o777 | os.ModeSticky
)

// Folders makes the folders for one more process.
func (s *Sandbox) Folders(at Place) (f *Folders, err error) {
	all := filepath.Join(at.Dir, "p") // short: a socket's path, in TMPDIR say, has 107 bytes
	if err := os.Mkdir(all, seen); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	dir, err := os.MkdirTemp(all, "")
	if err != nil {
		return nil, err
	}
	f = &Folders{dir: dir}
	if s.Layers.Mounts {
		err = s.mountFolders(f, at)
	} else {
		err = s.plainFolders(f, at.User)
	}
	if err != nil {
		return nil, errors.Join(err, f.Remove())
	}
	return f, nil
}

// plainFolders makes a home and a TMPDIR that others can see.
func (s *Sandbox) plainFolders(f *Folders, user *User) error {
	f.Home, f.Tmp = filepath.Join(f.dir, "home"), s.alias.of(filepath.Join(f.dir, "tmp"))
	if f.UserName = functionName; s.named {
		f.UserName = numberedName(int(user.ID))
	} else if name, known := accountOf(user); known {
		f.UserName = name
	}
	return errors.Join(os.Chmod(f.dir, seen), makeFolder(f.Home, 0o700, user), makeFolder(filepath.Join(f.dir, "tmp"), 0o700, user))
}

// Remove removes the folders. The process must have ended.
func (f *Folders) Remove() error { return tree.Remove(f.dir) }

// makeFolder makes a folder that belongs to the user.
func makeFolder(path string, mode os.FileMode, user *User) error {
	if err := errors.Join(os.Mkdir(path, 0o700), os.Chmod(path, mode)); err != nil || user == nil {
		return err
	}
	return os.Chown(path, int(user.ID), int(user.ID))
}

// shared returns the host's folders that every user can write to.
func shared() (out []string) {
	for _, path := range []string{"/tmp", "/var/tmp", "/run/lock"} {
		real, err := filepath.EvalSymlinks(path)
		if err != nil || slices.Contains(out, real) {
			continue
		}
		if info, err := os.Stat(real); err == nil && info.IsDir() {
			out = append(out, real)
		}
	}
	return out
}

// Hidden reports whether functions do not see path, because it lies in a folder of
// which each has its own.
func Hidden(path string) bool {
	path = filepath.Clean(path)
	return filepath.IsAbs(path) && slices.ContainsFunc(shared(), func(dir string) bool { return below(path, dir) })
}

// below reports whether path is dir or lies in it.
func below(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// isMount reports whether something is mounted on a folder.
func isMount(path string) bool {
	var here, above unix.Stat_t
	return unix.Lstat(path, &here) == nil && unix.Lstat(filepath.Dir(path), &above) == nil && here.Dev != above.Dev
}
