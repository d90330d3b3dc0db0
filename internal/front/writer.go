package front

import (
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	// oneWrite is up to which size an answer without a length is gathered, and
	// one with a length is copied behind its head.
	oneWrite = 16 << 10
	// keepOut bounds the buffer that a connection keeps for its next answer.
	keepOut = 64 << 10
)

// writer is an http.ResponseWriter. An answer that is whole before it is large
// goes out in one write.
type writer struct {
	conn     *conn
	header   http.Header
	out      []byte // the head and what follows of the body, not sent yet
	gathered []byte // of the body, while the head is not made
	headed   bool
	status   int   // 0: not given
	length   int64 // of the body, as the handler said; negative: it did not
	written  int64 // of the body
	chunked  bool
	last     bool // no other request on this connection
	timed    bool // the handler has set deadlines
	failed   error
}

func (w *writer) begin() {
	clear(w.header)
	if cap(w.out) > keepOut {
		w.out = nil
	}
	*w = writer{conn: w.conn, header: w.header, out: w.out[:0], gathered: w.gathered[:0], length: -1}
}

func (w *writer) Header() http.Header { return w.header }

// WriteHeader decides on the status. An interim one is not sent: nobody asks
// for it.
func (w *writer) WriteHeader(status int) {
	if w.status != 0 || status < 200 {
		return
	}
	w.status = status
	if said, ok := w.header["Content-Length"]; ok {
		if w.length = length(said[0]); w.length < 0 {
			delete(w.header, "Content-Length")
		}
	}
}

func (w *writer) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	switch {
	case w.failed != nil:
		return 0, w.failed
	case !bodyAllowed(w.status):
		return 0, http.ErrBodyNotAllowed
	case w.length >= 0 && w.written+int64(len(p)) > w.length:
		return 0, http.ErrContentLength
	case len(p) == 0:
		return 0, nil
	}
	if !w.headed && w.length >= 0 {
		w.makeHead()
	}
	w.written += int64(len(p))
	switch {
	case !w.headed && len(w.gathered)+len(p) <= oneWrite:
		w.gathered = append(w.gathered, p...)
		return len(p), nil
	case !w.headed:
		w.makeHead()
	case len(w.out)+len(p) <= oneWrite:
		w.out = w.appendBody(w.out, p)
		return len(p), nil
	}
	return len(p), w.send(p)
}

// Flush sends what was written so far, and the head before it.
func (w *writer) Flush() { _ = w.FlushError() }

// FlushError is Flush.
func (w *writer) FlushError() error {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.headed {
		w.makeHead()
	}
	return w.send(nil)
}

// send sends out, and p behind it.
func (w *writer) send(p []byte) error {
	if w.failed != nil {
		return w.failed
	}
	if len(p) <= oneWrite {
		if w.out = w.appendBody(w.out, p); len(w.out) > 0 {
			_, w.failed = w.conn.net.Write(w.out)
		}
		w.out = w.out[:0]
		return w.failed
	}
	parts := net.Buffers{w.out, p}
	if w.chunked {
		parts[0] = append(strconv.AppendInt(w.out, int64(len(p)), 16), "\r\n"...)
		parts = append(parts, []byte("\r\n"))
	}
	_, w.failed = parts.WriteTo(w.conn.net)
	w.out = w.out[:0]
	return w.failed
}

// finish ends the answer, and reports whether it is complete.
func (w *writer) finish() bool {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.headed {
		if w.length < 0 { // all of it is here
			w.length = int64(len(w.gathered))
		}
		w.makeHead()
	}
	if w.chunked {
		w.out = append(w.out, "0\r\n\r\n"...)
	}
	err := w.send(nil)
	if w.timed {
		w.conn.until = time.Time{}
		_ = w.conn.net.SetWriteDeadline(time.Time{})
	}
	return err == nil && (w.length < 0 || w.written == w.length)
}

// SetReadDeadline is for http.ResponseController. For a body that has come
// already nothing is to be waited for; behind it, reading is the watch's.
func (w *writer) SetReadDeadline(at time.Time) error {
	if c := w.conn; c.bodyRead.Load() || !w.timed && c.body.left <= int64(c.to-c.from) {
		return nil
	}
	w.timed = true
	if isDeadline(w.conn.body.failed) {
		w.conn.body.failed = nil
	}
	return w.conn.net.SetReadDeadline(at)
}

// SetWriteDeadline is for http.ResponseController.
func (w *writer) SetWriteDeadline(at time.Time) error {
	w.timed = true
	return w.conn.net.SetWriteDeadline(at)
}

// EnableFullDuplex is for http.ResponseController: it is so already.
func (w *writer) EnableFullDuplex() error { return nil }

func bodyAllowed(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}
