package sandbox

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/whiskaway/whiskaway/servermode/internal/tree"
)

// Leftovers are removed for users whose processes have no folders of their own.
// Otherwise the uid's next holder would own what the last one left in the host's
// shared folders.

// removeLeftovers removes what belongs to one of the uids from the shared folders,
// and its System V objects.
func removeLeftovers(belongs func(uid uint32) bool) error {
	var errs []error
	for _, dir := range append(shared(), "/dev/shm", "/dev/mqueue") {
		errs = append(errs, removeOwned(dir, belongs))
	}
	return errors.Join(append(errs, removeSegments(belongs))...)
}

// removeOwned removes what belongs to the uids in a folder that only root can
// exchange. It does not look into folders of others, which could be exchanged for a
// link meanwhile.
func removeOwned(dir string, belongs func(uid uint32) bool) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil { // it is gone already
			continue
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		path := filepath.Join(dir, entry.Name())
		switch {
		case ok && belongs(stat.Uid) && info.IsDir():
			errs = append(errs, tree.Remove(path))
		case ok && belongs(stat.Uid):
			errs = append(errs, ignoreGone(os.Remove(path)))
		}
	}
	return errors.Join(errs...)
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
