//go:build !windows

package hop

import "syscall"

// speaks reports whether something came on an idle connection: its end, or what
// nobody asked for.
func speaks(fd uintptr) bool {
	var one [1]byte
	_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return err != syscall.EAGAIN && err != syscall.EINTR
}
