package front

import (
	"errors"
	"io"
	"time"
)

// maxDiscard is how much of a body that its handler did not want is read, so
// that the connection can go on.
const maxDiscard = 256 << 10

var errBodyClosed = errors.New("the request's body was closed")

// body is a request's body: what is in the connection's buffer, then what comes.
type body struct {
	conn   *conn
	left   int64
	closed bool
	failed error // of the last read: nothing more is to come, until it has more time
}

func (b *body) Read(p []byte) (n int, err error) {
	c := b.conn
	switch {
	case b.closed:
		return 0, errBodyClosed
	case b.left == 0:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	p = p[:min(int64(len(p)), b.left)]
	if c.from < c.to {
		n = copy(p, c.buf[c.from:c.to])
		c.from += n
	} else {
		n, err = c.net.Read(p)
	}
	if b.left -= int64(n); b.left == 0 {
		c.bodyRead.Store(true)
		return n, io.EOF
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	b.failed = err
	return n, err
}

// Ended reports whether the body was read to its end, or cannot be.
func (b *body) Ended() bool { return b.left == 0 || b.failed != nil }

// Close is not needed: the server ends every body.
func (b *body) Close() error {
	b.closed = true
	return nil
}

// discard reads what the handler left, and reports whether the connection is
// where the next request begins.
func (b *body) discard() bool {
	b.closed = false
	if b.left == 0 {
		return true
	}
	if b.left > maxDiscard || b.failed != nil {
		return false
	}
	b.conn.deadline(time.Now().Add(b.conn.server.HeaderTimeout))
	_, err := io.Copy(io.Discard, b)
	return err == nil
}
