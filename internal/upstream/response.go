package upstream

import (
	"errors"
	"io"
	"time"
)

// Response is an answer whose head has arrived. The caller must close it; Head
// is valid until then. Close keeps the connection for the next request if the
// body was read to its end, and closes it otherwise.
type Response struct {
	Status int
	Head   Head
	Size   int64 // of the body, in bytes; negative: not known

	conn    *conn     // nil: made by Answer, or closed
	body    io.Reader // nil: the connection's next left bytes, or all up to its end
	left    int64     // of the body, to be read; negative: until the connection ends
	last    bool      // the connection carries no other request
	limited bool      // the connection has a deadline
}

// Answer returns a response that comes from no connection; head is lines in the
// form of the wire.
func Answer(status int, head string, body io.Reader) *Response {
	return &Response{Status: status, Head: Head(head), Size: -1, body: body, left: -1}
}

var errClosed = errors.New("the answer was closed")

// Read reads the body. A body that is cut off ends in io.ErrUnexpectedEOF or
// another error, never in io.EOF.
func (r *Response) Read(p []byte) (n int, err error) {
	switch {
	case r.body != nil:
		n, err = r.body.Read(p)
		if err == io.EOF {
			r.left = 0
		}
		return n, err
	case r.conn == nil:
		return 0, errClosed
	case r.left == 0:
		return 0, io.EOF
	case r.left < 0:
		return r.conn.in.Read(p)
	}
	n, err = r.conn.in.Read(p[:min(int64(len(p)), r.left)])
	if r.left -= int64(n); r.left > 0 && err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Ended reports whether the body was read to its end, as far as is known
// without another read.
func (r *Response) Ended() bool { return r.left == 0 }

// WhenWritten calls do once, when the request's body is no longer read. do may
// run in another goroutine. The answer to a large body may arrive before all of
// the body was written.
func (r *Response) WhenWritten(do func()) {
	if r.conn == nil || r.conn.writing == nil {
		do()
		return
	}
	over := r.conn.writing.over
	go func() {
		<-over // the exchange bounds it: its end closes the connection
		do()
	}()
}

// Within bounds how long reading the rest of the body may take.
func (r *Response) Within(limit time.Duration) {
	if r.conn != nil {
		r.limited = true
		_ = r.conn.net.SetReadDeadline(time.Now().Add(limit))
	}
}

// Close ends the exchange. A second call does nothing.
func (r *Response) Close() error {
	c := r.conn
	r.conn, r.Head, r.body = nil, nil, nil
	switch {
	case c == nil:
	case r.last || r.left != 0 || c.in.Buffered() > 0:
		c.drop()
	default:
		if r.limited {
			_ = c.net.SetReadDeadline(time.Time{}) // an abort closes the connection anyway
		}
		c.done()
	}
	return nil
}
