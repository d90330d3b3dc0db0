//go:build !windows

// Package flock keeps a folder to one process: a lock that ends with it.
package flock

import (
	"os"
	"syscall"
)

// Try locks a file that no other process has locked, until it is closed.
func Try(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
