//go:build !windows

// Package flock reserves a folder for one process by a lock that ends with the
// process.
package flock

import (
	"os"
	"syscall"
)

// Try locks a file until it is closed. The error is EWOULDBLOCK if another
// process has locked it.
func Try(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
