package httpserver

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// maxDiscard bounds how much of a body is read after its handler has returned,
// so that the connection can be reused.
const maxDiscard = 256 << 10

var errBodyClosed = errors.New("the request's body was closed")

// body is a request's body: first what is in the connection's buffer, then what
// arrives.
type body struct {
	conn   *conn
	whole  bool // it arrived with the head
	left   atomic.Int64
	failed atomic.Bool // nothing more will arrive

	mu     sync.Mutex // guards what follows, and reading from the connection
	closed error      // nil: the body can be read
	late   bool       // the last read reached its deadline
}

func (b *body) begin(c *conn, length int64) {
	b.conn, b.whole = c, length <= int64(c.to-c.from)
	b.left.Store(length)
}

func (b *body) Read(p []byte) (n int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed != nil {
		return 0, b.closed
	}
	return b.next(p)
}

// next reads from the connection; mu is held.
func (b *body) next(p []byte) (n int, err error) {
	c, left := b.conn, b.left.Load()
	switch {
	case left == 0:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	p = p[:min(int64(len(p)), left)]
	if c.from < c.to {
		n = copy(p, c.buf[c.from:c.to])
		c.from += n
	} else {
		n, err = c.net.Read(p)
	}
	if b.left.Add(int64(-n)) == 0 {
		return n, io.EOF
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	b.late = isDeadline(err)
	b.failed.Store(err != nil && !b.late)
	return n, err
}

// Ended reports whether the body was read to its end or cannot be read any
// more.
func (b *body) Ended() bool { return b.left.Load() == 0 || b.failed.Load() }

// Close makes later reads fail. Handlers need not call it: the server ends
// every body.
func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = errBodyClosed
	return nil
}

// end takes the connection back after the handler has returned. It reads what
// the handler left, unless that is too much. It reports whether the connection
// is at the start of the next request.
func (b *body) end() bool {
	if !b.mu.TryLock() { // a goroutine of the handler is still reading
		_ = b.conn.net.SetReadDeadline(time.Unix(1, 0))
		b.mu.Lock()
	}
	defer b.mu.Unlock()
	b.closed = http.ErrBodyReadAfterClose
	left := b.left.Load()
	if left == 0 {
		return true
	}
	if left > maxDiscard || b.late || b.failed.Load() {
		return false
	}
	b.conn.deadline(time.Now().Add(b.conn.server.HeaderTimeout))
	_, err := io.Copy(io.Discard, rest{b})
	return err == nil
}

// rest reads a body whose mu is held.
type rest struct{ *body }

func (r rest) Read(p []byte) (int, error) { return r.next(p) }
