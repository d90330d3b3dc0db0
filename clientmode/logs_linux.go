package clientmode

import (
	"os"

	"golang.org/x/sys/unix"
)

// pipeBytes is how many bytes of a pipe were not read yet.
func pipeBytes(f *os.File) (n int) {
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
