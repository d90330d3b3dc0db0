package httpserver

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/tlsconn"
)

const (
	firstBuffer = 4 << 10
	// maxSimple is the largest head of a simple request, in bytes.
	maxSimple = 16 << 10
)

// conn is one connection.
type conn struct {
	server *Server
	net    net.Conn
	remote string // its address
	buf    []byte // bytes that were read and not used are buf[from:to]
	from   int
	to     int
	until  time.Time // the current read deadline
	out    []byte    // memory for the next answer

	mu        sync.Mutex    // guards what follows
	handshake bool          // a handshake is in progress
	active    bool          // a request is being read or handled
	current   *exchange     // the one that the handler has; nil: none
	watching  chan struct{} // closed when the watch has ended; nil: there is none
	timer     *time.Timer   // starts the watch
}

func newConn(s *Server, raw net.Conn) *conn {
	c := &conn{server: s, net: raw, remote: raw.RemoteAddr().String(), buf: make([]byte, firstBuffer)}
	if s.TLS != nil {
		c.net = tlsconn.Server(raw, s.TLS)
	}
	return c
}

// serve handles one request after another.
func (c *conn) serve() {
	defer c.server.forget(c)
	if secured, ok := c.net.(*tlsconn.Conn); ok && !c.secure(secured) {
		_ = c.net.Close()
		return
	}
	for {
		end, ok := c.next()
		if !ok {
			_ = c.net.Close()
			return
		}
		e := &exchange{conn: c}
		if end == 0 || !e.head.parse(string(c.buf[c.from:c.from+end])) {
			_ = c.net.SetReadDeadline(time.Time{})
			c.server.handed.give(c.net, c.buf[c.from:c.to])
			return
		}
		c.from += end
		if !c.handle(e) {
			c.close(e)
			return
		}
		c.setActive(false)
	}
}

func (c *conn) setActive(active bool) {
	c.mu.Lock()
	c.active = active
	c.mu.Unlock()
}

// wake tells an idle connection that the server is closing.
func (c *conn) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.handshake:
		_ = c.net.SetDeadline(time.Now().Add(lastHandshake))
	case !c.active:
		_ = c.net.SetReadDeadline(time.Unix(1, 0))
	}
}

// handle answers one request and reports whether another one may follow.
func (c *conn) handle(e *exchange) (again bool) {
	r := e.begin()
	if !e.body.whole {
		c.deadline(time.Time{}) // the handler decides how long a body may take
	}
	c.beginWatch(e)
	defer func() {
		cause := recover()
		if again = e.end(cause == nil); cause != nil {
			c.panicked(cause)
		}
	}()
	c.server.Handler.ServeHTTP(&e.writer, r)
	return true
}

func (c *conn) panicked(cause any) {
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		return
	}
	c.server.Log.Error("a handler panicked", zap.Any("cause", cause), zap.ByteString("stack", debug.Stack()))
}

// lingerFor is how long a connection stays open if its request was not read.
const lingerFor = 500 * time.Millisecond

// close ends the connection so that the answer arrives: if unread bytes arrive,
// the kernel of the other side discards the answer. A caller that has read the
// answer closes the connection.
func (c *conn) close(e *exchange) {
	if half, ok := c.net.(interface{ CloseWrite() error }); ok && !e.body.Ended() && half.CloseWrite() == nil {
		_ = c.net.SetReadDeadline(time.Now().Add(lingerFor))
		_, _ = io.Copy(io.Discard, c.net)
	}
	_ = c.net.Close()
}

// isDeadline reports whether a read ended at its deadline.
func isDeadline(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
