package pipe

import (
	"os"

	"golang.org/x/sys/unix"
)

// unread returns the number of unread bytes in a pipe.
func unread(f *os.File) (n int) {
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return 0
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.TIOCINQ) })
	return n
}
