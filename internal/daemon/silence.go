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

// silence is how long a connection is kept whose other side reads nothing. It
// is long enough for a link that is bad for a while.
const silence = time.Minute

// bind listens for connections. A connection ends when its other side has
// vanished, or has read nothing, for l.Silence. Neither case shows by itself:
// there is no FIN, and the kernel retries for a quarter of an hour or for ever.
// Idle connections are probed after a quarter of that time, and often, because
// probes may be lost. Accepted connections inherit the options of the listening
// socket.
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
	c.SetMultipathTCP(false) // not all kernels support the option with it
	ln, err := c.Listen(context.Background(), "tcp", l.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", l.Listen, err)
	}
	return ln, nil
}
