package daemon

import (
	"time"

	"golang.org/x/sys/unix"
)

// giveUpAfter ends a socket's connections when data or a probe stays
// unacknowledged for limit.
func giveUpAfter(fd uintptr, limit time.Duration) error {
	return unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(limit.Milliseconds()))
}
