//go:build !windows

package codestore

import "golang.org/x/sys/unix"

// freeOn returns the free space on the disk of a folder, in bytes.
func freeOn(dir string) (int64, error) {
	var disk unix.Statfs_t
	err := unix.Statfs(dir, &disk)
	return int64(disk.Bavail) * int64(disk.Bsize), err
}
