package upstream

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

// conn is one connection. It carries one exchange at a time: Send, then the
// reading of the answer until it is closed.
type conn struct {
	raw     net.Conn // the kernel's connection
	net     net.Conn
	in      *bufio.Reader
	out     []byte // the request's head and small body
	head    []byte // the answer's head
	home    *idle
	since   time.Time   // idle since
	abort   func()      // makes pending and later I/O fail
	release func() bool // ends the watch on the exchange's context
	writing *writing    // a large body being written; nil: none
}

// writing is a large body that is written while its answer is awaited.
type writing struct {
	over   chan struct{} // closed at its end
	sent   bool          // valid from then on, as is failed
	failed error
}

func newConn(raw, secured net.Conn, home *idle) *conn {
	c := &conn{raw: raw, net: secured, in: bufio.NewReaderSize(secured, readBuffer), home: home}
	c.abort = func() { _ = c.net.SetDeadline(time.Unix(1, 0)) }
	return c
}

// counted reports whether write sent anything. A secure connection counts only
// data that was encrypted and sent as a whole, so its wire is counted.
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

// stale reports whether an idle connection cannot be used again: the other side
// has closed it or sent something unasked. A request written to it would be
// lost.
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

// spoken is stale for a connection without a socket, such as a stream in a
// tunnel. A read past its deadline returns what has already arrived.
func spoken(conn net.Conn) bool {
	if conn.SetReadDeadline(time.Unix(1, 0)) != nil {
		return true
	}
	var one [1]byte
	n, err := conn.Read(one[:])
	return n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || conn.SetReadDeadline(time.Time{}) != nil
}

// drop ends the exchange and the connection. The request's body is not read any
// more.
func (c *conn) drop() {
	c.release()
	_ = c.net.Close()
	if c.writing != nil {
		<-c.writing.over
	}
}

// done ends the exchange and keeps the connection, unless the context has ended
// the connection or the body was not read to its end.
func (c *conn) done() {
	if c.writing != nil {
		_ = c.net.SetWriteDeadline(time.Unix(1, 0)) // stops a write that still waits
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
