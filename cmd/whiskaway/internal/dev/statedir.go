package dev

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// maxCommands is how many commands may serve actions at the same time.
const maxCommands = 64

// stateDir is the state folder of a server within this command. A folder is one
// command's at a time; the first that is free is taken, so that one command
// after the other finds what was built before.
type stateDir struct {
	dir  string
	lock *os.File
}

// cacheDir is where the folders lie. They are not in root's home: functions run
// as users who could not pass through it.
func cacheDir() (string, error) {
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return filepath.Join(dir, "whiskaway", "dev"), nil
	}
	if os.Getuid() == 0 {
		return "/var/cache/whiskaway/dev", nil
	}
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "whiskaway", "dev"), err
}

// aboveCache is the mode of folders above ours that are missing: they are for
// their user alone. Root's are passed by functions too, which are other users.
func aboveCache() fs.FileMode {
	if os.Getuid() == 0 {
		return 0o711
	}
	return 0o700
}

func openStateDir() (*stateDir, error) {
	base, err := cacheDir()
	if err == nil {
		err = makeOpen(base, aboveCache())
	}
	if err != nil {
		return nil, fmt.Errorf("there is no folder for what is built; XDG_CACHE_HOME names one: %w", err)
	}
	for n := 1; n <= maxCommands; n++ {
		dir := filepath.Join(base, strconv.Itoa(n))
		lock, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			return &stateDir{dir, lock}, nil
		}
		_ = lock.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", lock.Name(), err)
		}
	}
	return nil, fmt.Errorf("%d commands serve actions already", maxCommands)
}

// close lets another command have the folder.
func (d *stateDir) close() error { return d.lock.Close() }

// makeOpen makes dir and the folder above it, which are ours, so that any user can
// pass. What lies above them is the user's, and made as above if it is missing.
func makeOpen(dir string, above fs.FileMode) error {
	if err := makeAll(filepath.Dir(filepath.Dir(dir)), above); err != nil {
		return err
	}
	return makeAll(dir, 0o711)
}

// makeAll makes a folder and those above it with a mode, whatever the umask is.
func makeAll(dir string, mode fs.FileMode) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := makeAll(parent, mode); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, os.ErrExist) { // another command was first
		return err
	}
	return os.Chmod(dir, mode)
}
