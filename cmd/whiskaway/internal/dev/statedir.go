package dev

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/whiskaway/whiskaway/internal/flock"
)

// maxCommands bounds the dev commands that run at the same time.
const maxCommands = 64

// stateDir is the state folder of the server within this command. One command
// uses a folder at a time. Each takes the first free one, and so finds what an
// earlier command has built.
type stateDir struct {
	dir  string
	lock *os.File
}

// cacheDir returns the folder above them. Root's are not in its home, which the
// users that functions run as cannot enter.
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

// aboveCache returns the mode for missing folders above ours: private to their
// user. Root's must also let functions through, which run as other users.
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
		if err = flock.Try(lock); err == nil {
			return &stateDir{dir, lock}, nil
		}
		_ = lock.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", lock.Name(), err)
		}
	}
	return nil, fmt.Errorf("%d commands serve actions already", maxCommands)
}

// close releases the folder for another command.
func (d *stateDir) close() error { return d.lock.Close() }

// makeOpen creates dir and its parent, which are ours, so that any user can pass
// through. Missing folders above them belong to the user and get the mode above.
func makeOpen(dir string, above fs.FileMode) error {
	if err := makeAll(filepath.Dir(filepath.Dir(dir)), above); err != nil {
		return err
	}
	return makeAll(dir, 0o711)
}

// makeAll creates a folder and those above it with a mode, whatever the umask
// is.
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
