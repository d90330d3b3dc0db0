package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// mountFolders records the mounts that make up the process's view. What lies in a
// folder that one of its own hides stays visible if it is to be kept.
func (s *Sandbox) mountFolders(f *Folders, at Place) error {
	f.spaces = uint32(syscall.CLONE_NEWNS | syscall.CLONE_NEWIPC)
	if os.Getuid() != 0 {
		f.spaces |= syscall.CLONE_NEWUSER
	}
	f.Home, f.Tmp = filepath.Join(at.Dir, "home"), "/tmp"
	f.add(Mount{On: "/", Flags: unix.MS_REC | unix.MS_SLAVE})
	err := errors.Join(s.ownAction(f, at), f.ownHome(at), f.ownAccount(at))
	hide := inOrder(shared(), at.Dir)
	for _, path := range hide {
		err = errors.Join(err, f.keep(path, at))
	}
	for _, path := range hide {
		f.add(Mount{From: f.instead(path), On: path, Flags: unix.MS_BIND | unix.MS_REC})
	}
	if isMount("/dev/shm") {
		f.add(Mount{From: "tmpfs", On: "/dev/shm", Type: "tmpfs", Flags: unix.MS_NOSUID | unix.MS_NODEV, Data: "mode=1777,size=" + strconv.FormatInt(s.SharedMemory, 10)})
	}
	if isMount("/dev/mqueue") {
		f.add(Mount{From: "mqueue", On: "/dev/mqueue", Type: "mqueue", Flags: unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC})
	}
	return err
}

func (f *Folders) add(m Mount) { f.mounts = append(f.mounts, m) }

// inOrder puts the folder in which dir lies last. When that folder is hidden,
// everything that is mounted from it must be mounted already.
func inOrder(paths []string, dir string) []string {
	out := slices.Clone(paths)
	slices.SortStableFunc(out, func(a, b string) int {
		switch {
		case below(dir, a) == below(dir, b):
			return 0
		case below(dir, a):
			return 1
		}
		return -1
	})
	return out
}

// instead returns the folder that the process sees in place of a shared one.
func (f *Folders) instead(path string) string {
	return filepath.Join(f.dir, strings.ReplaceAll(strings.Trim(path, "/"), "/", "-"))
}

// keep makes the folder that hides a shared one, and mounts in it what is to be kept
// of the shared one.
func (f *Folders) keep(hidden string, at Place) error {
	mine := f.instead(hidden)
	if err := errors.Join(os.Mkdir(mine, 0o700), os.Chmod(mine, public)); err != nil {
		return err
	}
	for _, path := range append([]string{at.Action, f.Home}, at.Keep...) {
		path = filepath.Clean(path)
		if path == hidden || !below(path, hidden) {
			continue
		}
		if err := f.keepOne(path, filepath.Join(mine, strings.TrimPrefix(path, hidden))); err != nil {
			return err
		}
	}
	return nil
}

// keepOne mounts a folder or a file elsewhere. It skips one that does not exist, or
// that the server itself cannot reach: PATH names many.
func (f *Folders) keepOne(path, on string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(on), 0o755); err != nil {
		return err
	}
	if info.IsDir() {
		err = os.MkdirAll(on, 0o755)
	} else {
		err = os.WriteFile(on, nil, 0o644)
	}
	f.add(Mount{From: path, On: on, Flags: unix.MS_BIND | unix.MS_REC})
	return err
}

// ownAction makes the working folder the process's own: its changes there are
// written elsewhere.
func (s *Sandbox) ownAction(f *Folders, at Place) error {
	if at.Action == "" || !s.Layers.Overlay {
		return nil
	}
	upper, work := filepath.Join(f.dir, "changes"), filepath.Join(f.dir, "work")
	if err := errors.Join(makeFolder(upper, 0o700, at.User), makeFolder(work, 0o700, at.User)); err != nil {
		return err
	}
	options := "lowerdir=" + at.Action + ",upperdir=" + upper + ",workdir=" + work
	if os.Getuid() != 0 {
		options += ",userxattr"
	}
	f.add(Mount{From: "overlay", On: at.Action, Type: "overlay", Data: options})
	return nil
}

// ownHome gives the process a home, at a path that all of the function's processes
// have.
func (f *Folders) ownHome(at Place) error {
	mine := filepath.Join(f.dir, "home")
	if err := os.Mkdir(f.Home, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	f.add(Mount{From: mine, On: f.Home, Flags: unix.MS_BIND})
	return makeFolder(mine, 0o700, at.User)
}

// ownAccount gives the process's user a name.
func (f *Folders) ownAccount(at Place) error {
	account, named := accountOf(at.User)
	f.UserName = account
	if named {
		return nil
	}
	for _, name := range []string{"passwd", "group"} {
		host, err := os.ReadFile("/etc/" + name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		mine := filepath.Join(f.dir, name)
		text := withAccount(host, name, account, at.User, f.Home)
		if err := errors.Join(err, os.WriteFile(mine, text, 0o644), os.Chmod(mine, 0o644)); err != nil {
			return err
		}
		f.add(Mount{From: mine, On: "/etc/" + name, Flags: unix.MS_BIND})
	}
	return nil
}
