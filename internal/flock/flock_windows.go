// Package flock keeps a folder to one process: a lock that ends with it.
package flock

import (
	"os"

	"golang.org/x/sys/windows"
)

// Try locks a file that no other process has locked, until it is closed.
func Try(file *os.File) error {
	return windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{})
}
