// Package flock reserves a folder for one process by a lock that ends with the
// process.
package flock

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// Try locks a file until it is closed. The error is EWOULDBLOCK if another
// process has locked it.
func Try(file *os.File) error {
	err := windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return syscall.EWOULDBLOCK
	}
	return err
}
