// Package tunnel carries connections to a server that cannot be dialled, behind
// NAT or a firewall, over one connection that the server has made to a
// balancer.
//
// The server's side is a [Listener], on which it serves as on any other. The
// balancer's side is a [Hub], which dials through it. Between them is yamux:
// one stream for each connection, each with its own window, so that a slow
// stream neither delays the others nor fills the memory. Both sides ping,
// because NAT drops idle connections without notice.
//
// yamux cannot tell whether part of a failed write was sent, so such a write
// counts as sent. A request was certainly not sent if no stream could be
// opened. Writes are cut into pieces of 16 KiB, so that a small answer gets
// between the parts of a large one.
package tunnel

import (
	"cmp"
	"errors"
	"io"
	"time"

	"github.com/hashicorp/yamux"
)

const (
	// MaxStreams is how many connections a tunnel carries at once. Beyond it,
	// dialling fails before anything is sent.
	MaxStreams = 256
	askEvery   = 5 * time.Second
	// patience bounds how long the other side may take to answer a ping or to
	// accept a piece of data.
	patience  = 10 * time.Second
	opening   = 20 * time.Second // until the server has accepted a stream
	handshake = 10 * time.Second
	// closing bounds how long the other side of a stream may take to close it
	// too.
	closing = time.Minute
)

// Errors of dialling through a tunnel. They mean that nothing was sent.
var (
	ErrNoTunnel = errors.New("the server has no tunnel to this balancer now")
	ErrBusy     = errors.New("the server's tunnel has reached its limit of connections")
	ErrClosed   = errors.New("the tunnel was closed")
)

// config returns yamux's configuration: every is the time between pings, and
// answer is how long one may take.
func config(every, answer time.Duration) *yamux.Config {
	c := yamux.DefaultConfig()
	c.AcceptBacklog = MaxStreams
	c.EnableKeepAlive, c.KeepAliveInterval = true, cmp.Or(every, askEvery)
	c.ConnectionWriteTimeout = cmp.Or(answer, patience)
	c.StreamOpenTimeout, c.StreamCloseTimeout = opening, closing
	c.LogOutput = io.Discard // the callers log the errors
	return c
}
