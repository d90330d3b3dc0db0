//go:build !windows

// Package flock keeps a folder to one process: a lock that ends with it.
package flock

import (
	"os"
	"syscall"
)

// Try locks a file until it is closed. The error is EWOULDBLOCK where another process
// has locked it.
func Try(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
