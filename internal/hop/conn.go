package hop

import (
	"bufio"
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/whiskaway/whiskaway/internal/tlsconn"
)

const (
	readBuffer = 8 << 10
	// keepOut bounds the buffer that a connection keeps for its next request.
	keepOut = 64 << 10
)

// conn is one connection. It carries one exchange at a time: Send, and then the
// reading of the answer until that is closed.
type conn struct {
	raw     net.Conn // what the kernel has
	net     net.Conn
	in      *bufio.Reader
	out     []byte // the request's head and small body
	head    []byte // the answer's
	home    *idle
	since   time.Time   // idle since
	abort   func()      // makes pending and later I/O fail
	release func() bool // ends the watch on the exchange's context
	writing *writing    // of a large body; nil: there is none
}

// writing is that of a large body, while its answer is looked for.
type writing struct {
	over   chan struct{} // closed at its end
	sent   bool          // valid then, as is what follows
	failed error
}

func newConn(raw, secured net.Conn, home *idle) *conn {
	c := &conn{raw: raw, net: secured, in: bufio.NewReaderSize(secured, readBuffer), home: home}
	c.abort = func() { _ = c.net.SetDeadline(time.Unix(1, 0)) }
	return c
}

// counted reports whether write sent anything. What a secure connection counts
// is what it could encrypt and send as a whole, so there the wire is looked at.
func (c *conn) counted(write func() (int64, error)) (bool, error) {
	secured, ok := c.net.(*tlsconn.Conn)
	if !ok {
		n, err := write()
		return n > 0, err
	}
	before := secured.Sent()
	_, err := write()
	return secured.Sent() > before, err
}

// stale reports whether an idle connection is good for no request: the other
// side has closed it, or said something unasked. A request that is written then
// is lost.
func (c *conn) stale() bool {
	if c.in.Buffered() > 0 || time.Since(c.since) > idleTimeout {
		return true
	}
	return stale(c.raw)
}

func stale(conn net.Conn) bool {
	sys, ok := conn.(syscall.Conn)
	if !ok {
		return spoken(conn)
	}
	raw, err := sys.SyscallConn()
	if err != nil {
		return true
	}
	gone := false
	err = raw.Control(func(fd uintptr) { gone = speaks(fd) })
	return gone || err != nil
}

// spoken is stale for what is no socket, such as a stream within another
// connection: a read whose time is over finds what is there already.
func spoken(conn net.Conn) bool {
	if conn.SetReadDeadline(time.Unix(1, 0)) != nil {
		return true
	}
	var one [1]byte
	n, err := conn.Read(one[:])
	return n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || conn.SetReadDeadline(time.Time{}) != nil
}

// drop ends the exchange and the connection. The body is then not looked at any
// more.
func (c *conn) drop() {
	c.release()
	_ = c.net.Close()
	if c.writing != nil {
		<-c.writing.over
	}
}

// done ends the exchange and keeps the connection, unless its context ended it
// or the body was not wanted to its end.
func (c *conn) done() {
	if c.writing != nil {
		_ = c.net.SetWriteDeadline(time.Unix(1, 0)) // for what still waits; what is written is written
		<-c.writing.over
		err := c.writing.failed
		if c.writing = nil; err != nil {
			c.drop()
			return
		}
		_ = c.net.SetWriteDeadline(time.Time{})
	}
	if !c.release() {
		_ = c.net.Close()
		return
	}
	c.home.put(c)
}
