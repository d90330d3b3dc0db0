package daemon

import (
	"time"

	"golang.org/x/sys/unix"
)

// giveUpAfter ends a socket's connections when what was sent, or a probe, is not
// taken for so long.
func giveUpAfter(fd uintptr, limit time.Duration) error {
	return unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(limit.Milliseconds()))
}
