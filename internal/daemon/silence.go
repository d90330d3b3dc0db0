package daemon

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// silence is how long a connection stays on which the other side takes nothing.
const silence = 30 * time.Second

// bind listens for connections that end when the other side has vanished, or
// reads nothing, for as long as l.Silence. Both are silent: there is no FIN, and
// what is sent waits for minutes, or for ever. Accepted connections take over what
// is set on the listening socket.
func (l *Listener) bind() (net.Listener, error) {
	limit := cmp.Or(l.Silence, silence)
	c := net.ListenConfig{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: limit / 2, Interval: limit / 2},
		Control: func(_, _ string, raw syscall.RawConn) (err error) {
			failed := raw.Control(func(fd uintptr) {
				err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(limit.Milliseconds()))
			})
			return cmp.Or(failed, err)
		},
	}
	c.SetMultipathTCP(false) // not all kernels have the option there
	ln, err := c.Listen(context.Background(), "tcp", l.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", l.Listen, err)
	}
	return ln, nil
}
