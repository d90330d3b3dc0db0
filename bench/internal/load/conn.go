package load

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// ErrNotSent means that no runtime has seen the request.
var ErrNotSent = errors.New("not sent")

// staleAfter is how long a connection may be idle before it is checked again.
const staleAfter = 500 * time.Millisecond

// Conn is one HTTP/1.1 connection, opened when needed and kept open from one
// request to the next. It serves one request at a time.
type Conn struct {
	dial func(timeout time.Duration) (net.Conn, error)
	wire net.Conn
	read *bufio.Reader
	used time.Time // when the last answer was there

	pieces [2][]byte // what is being written; kept so that writing allocates nothing
	write  net.Buffers
	answer Answer
	head   []byte // of the last request, as body
	body   []byte
}

// NewConn returns a connection to an address such as 127.0.0.1:8080.
func NewConn(address string) *Conn { return &Conn{dial: dialer(address)} }

func dialer(address string) func(time.Duration) (net.Conn, error) {
	return func(timeout time.Duration) (net.Conn, error) {
		d := net.Dialer{Timeout: timeout, KeepAlive: -1}
		return d.Dial("tcp", address)
	}
}

// Do sends a request, given as its head with the empty line and its body, and
// reads the answer, which is valid until the next call. It never sends anything
// twice: after an error the next request uses a new connection. The error is
// ErrNotSent if no process listens.
func (c *Conn) Do(head, body []byte, limit time.Duration) (*Answer, error) {
	now := time.Now()
	if c.wire != nil && now.Sub(c.used) > staleAfter && !alive(c.wire) {
		c.Close()
	}
	if c.wire == nil {
		wire, err := c.dial(limit)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotSent, plain(err))
		}
		c.wire = wire
		if c.read == nil {
			c.read = bufio.NewReaderSize(nil, 16<<10)
		}
		c.read.Reset(wire)
	}
	if err := c.exchange(head, body, now.Add(limit)); err != nil {
		c.Close()
		return nil, plain(err)
	}
	c.used = time.Now()
	if c.answer.last {
		c.Close()
	}
	return &c.answer, nil
}

func (c *Conn) exchange(head, body []byte, deadline time.Time) error {
	if err := c.wire.SetDeadline(deadline); err != nil {
		return err
	}
	c.pieces = [2][]byte{head, body}
	c.write = c.pieces[:]
	if _, err := c.write.WriteTo(c.wire); err != nil {
		return err
	}
	if err := c.answer.read(c.read); err != nil {
		return err
	}
	if n := c.read.Buffered(); n > 0 {
		return fmt.Errorf("%d bytes came after the answer", n)
	}
	return nil
}

// Close closes the connection; the next request opens another.
func (c *Conn) Close() {
	if c.wire != nil {
		_ = c.wire.Close()
		c.wire = nil
	}
}

// alive reports whether the other end has not closed an idle connection. A
// request written to a closed one would be lost.
func alive(wire net.Conn) bool {
	sys, ok := wire.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := sys.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = raw.Control(func(fd uintptr) {
		var one [1]byte
		_, _, e := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = e == syscall.EAGAIN || e == syscall.EINTR
	})
	return err == nil && quiet
}

// plain removes the addresses from a network error, so that errors of one kind
// have one text.
func plain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return fmt.Errorf("%s: %w", op.Op, op.Err)
	}
	return err
}
