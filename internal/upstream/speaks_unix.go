//go:build !windows

package upstream

import "syscall"

// speaks reports whether an idle connection has something to read: its end, or
// bytes that were not asked for.
func speaks(fd uintptr) bool {
	var one [1]byte
	_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return err != syscall.EAGAIN && err != syscall.EINTR
}
