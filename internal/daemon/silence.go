package daemon

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// silence is how long a connection stays on which the other side takes nothing:
// long enough for a link that is bad for a while.
const silence = time.Minute

// bind listens for connections that end when the other side has vanished, or
// takes nothing, for as long as l.Silence. Both are silent: there is no FIN, and
// what is sent waits for a quarter of an hour, or for ever. An idle connection is
// probed from a quarter of that time on and often, because of lost probes.
// Accepted connections take over what is set on the listening socket.
func (l *Listener) bind() (net.Listener, error) {
	limit := cmp.Or(l.Silence, silence)
	c := net.ListenConfig{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: limit / 4, Interval: limit / 12},
		Control: func(_, _ string, raw syscall.RawConn) error {
			var err error
			failed := raw.Control(func(fd uintptr) { err = giveUpAfter(fd, limit) })
			if err = cmp.Or(failed, err); err != nil {
				l.Log.Warn("callers that vanish will be noticed late", zap.Error(err))
			}
			return nil
		},
	}
	c.SetMultipathTCP(false) // not all kernels have the option there
	ln, err := c.Listen(context.Background(), "tcp", l.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", l.Listen, err)
	}
	return ln, nil
}
