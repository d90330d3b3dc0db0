package tunnel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"
)

// Hub is the balancer's side. It holds the tunnels that servers have made, one
// for each incarnation. The zero value is ready for use.
type Hub struct {
	AskEvery time.Duration // how often a server is pinged [5s]
	Patience time.Duration // how long a ping may take [10s]
	Most     int           // number of tunnels [1024]

	mu      sync.Mutex // guards what follows
	tunnels map[string]*line
	closed  bool
}

// line is one tunnel.
type line struct {
	session *yamux.Session
	streams atomic.Int64
}

// ErrFull is the error of a tunnel over the limit.
var ErrFull = errors.New("the limit on tunnels is reached")

// Serve takes over a connection that a server has made, and returns when its
// tunnel has ended. It replaces an earlier tunnel of the same incarnation: that
// one has broken, even if this side has not noticed yet.
func (h *Hub) Serve(conn io.ReadWriteCloser, incarnation string) error {
	session, err := yamux.Client(conn, config(h.AskEvery, h.Patience))
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	defer session.Close()
	l := &line{session: session}
	if err := h.enter(incarnation, l); err != nil {
		return err
	}
	<-session.CloseChan()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.tunnels[incarnation] == l {
		delete(h.tunnels, incarnation)
	}
	return nil
}

func (h *Hub) enter(incarnation string, l *line) error {
	h.mu.Lock()
	before := h.tunnels[incarnation]
	err := h.admit(before)
	if err == nil {
		if h.tunnels == nil {
			h.tunnels = map[string]*line{}
		}
		h.tunnels[incarnation] = l
	}
	h.mu.Unlock()
	if err == nil && before != nil {
		_ = before.session.Close()
	}
	return err
}

// admit returns an error if there is no room for a tunnel. The caller holds mu.
func (h *Hub) admit(before *line) error {
	switch {
	case h.closed:
		return ErrClosed
	case before == nil && len(h.tunnels) >= cmp.Or(h.Most, 1024):
		return ErrFull
	}
	return nil
}

// Has reports whether a server has a tunnel.
func (h *Hub) Has(incarnation string) bool { return h.of(incarnation) != nil }

func (h *Hub) of(incarnation string) *line {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tunnels[incarnation]
}

// Dialer returns a function that connects to a server through the tunnel that
// the server has at that moment.
func (h *Hub) Dialer(incarnation string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		l := h.of(incarnation)
		if l == nil {
			return nil, ErrNoTunnel
		}
		return l.dial(ctx)
	}
}

func (l *line) dial(ctx context.Context) (net.Conn, error) {
	if l.streams.Add(1) > MaxStreams {
		l.streams.Add(-1)
		return nil, ErrBusy
	}
	leave := func() { l.streams.Add(-1) }
	type outcome struct {
		conn net.Conn
		err  error
	}
	opened := make(chan outcome, 1)
	go func() { // writes to the tunnel, which may be stuck
		s, err := l.session.OpenStream()
		if err != nil {
			leave()
			opened <- outcome{nil, fmt.Errorf("the server's tunnel: %w", known(err))}
			return
		}
		opened <- outcome{newStream(s, leave), nil}
	}()
	select {
	case o := <-opened:
		return o.conn, o.err
	case <-ctx.Done():
		go func() {
			if o := <-opened; o.conn != nil {
				_ = o.conn.Close()
			}
		}()
		return nil, context.Cause(ctx)
	}
}

// Close ends all tunnels and takes no others.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	tunnels := h.tunnels
	h.tunnels = nil
	h.mu.Unlock()
	for _, l := range tunnels {
		_ = l.session.Close()
	}
}
