package clientmode

import (
	"crypto/tls"
	"net"
	"sync/atomic"
	"syscall"
)

// countedConn counts what is written, to know whether a failed request was sent.
type countedConn struct {
	net.Conn
	written atomic.Int64
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

// stale reports whether an idle connection is good for no request: the other
// side has closed it, or said something unasked. The transport finds out by
// itself, but not at once in a container that the platform has just thawed, and
// a run written then is lost.
func (c *countedConn) stale() bool {
	sys, ok := c.Conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sys.SyscallConn()
	if err != nil {
		return true
	}
	stale := false
	err = raw.Control(func(fd uintptr) { // not Read: the transport is parked in it
		_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		stale = err != syscall.EAGAIN && err != syscall.EINTR
	})
	return stale || err != nil
}

func counted(conn net.Conn) *countedConn {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	c, _ := conn.(*countedConn)
	return c
}
