// Package tunnel carries connections to a server that cannot be dialled, behind
// NAT or a firewall, over one connection that the server has made to a balancer.
//
// The server's side is a [Listener], on which it serves as on any other. The
// balancer's side is a [Hub], which dials through it. Between them is yamux: a
// stream for each connection, each with a window of its own, so that a slow one
// neither holds up the others nor piles up in memory. Both sides ping, because NAT
// drops idle connections without notice.
//
// yamux cannot say of a failed write whether some of it was sent, so such a write
// counts as sent. What was certainly not sent is known where no stream could be
// opened. Writes go in pieces of 16 KiB, so that a small answer gets between those
// of a large one.
package tunnel

import (
	"cmp"
	"errors"
	"io"
	"time"

	"github.com/hashicorp/yamux"
)

const (
	// MaxStreams is how many connections a tunnel carries at once. Beyond it dialling
	// fails before anything is sent.
	MaxStreams = 256
	askEvery   = 5 * time.Second
	// patience is how long the other side may take to answer, and a piece of data
	// to be written.
	patience  = 10 * time.Second
	opening   = 20 * time.Second // until the server has accepted a stream
	handshake = 10 * time.Second
	// closing is how long a stream's other side may take to close it too.
	closing = time.Minute
)

// Errors of dialling through a tunnel. Nothing was sent then.
var (
	ErrNoTunnel = errors.New("the server has no tunnel to here at present")
	ErrBusy     = errors.New("the server's tunnel carries as many connections as it may")
	ErrClosed   = errors.New("the tunnel was closed")
)

// config is yamux's: how often the other side is asked whether it is there, and
// how long it may take to answer.
func config(every, answer time.Duration) *yamux.Config {
	c := yamux.DefaultConfig()
	c.AcceptBacklog = MaxStreams
	c.EnableKeepAlive, c.KeepAliveInterval = true, cmp.Or(every, askEvery)
	c.ConnectionWriteTimeout = cmp.Or(answer, patience)
	c.StreamOpenTimeout, c.StreamCloseTimeout = opening, closing
	c.LogOutput = io.Discard // its callers learn of it and say so
	return c
}
