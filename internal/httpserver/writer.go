package httpserver

import (
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/internal/tlsconn"
)

const (
	// oneWrite bounds two sizes: an answer without a length is gathered up to
	// it, and an answer with a length is copied behind its head up to it.
	oneWrite = 16 << 10
	// keepOut bounds the buffer that a connection keeps for its next answer.
	keepOut = 64 << 10
)

// writer is an http.ResponseWriter. An answer that is complete while it is
// small is sent in one write.
type writer struct {
	exchange *exchange
	header   http.Header

	mu       sync.Mutex // guards what follows, and writing to the connection
	out      []byte     // the head and the part of the body that is not sent yet
	gathered []byte     // part of the body, while the head is not complete
	headed   bool       // the head is complete
	status   int        // 0: not given
	length   int64      // of the body, as the handler said; negative: it did not
	written  int64      // bytes of the body
	chunked  bool
	last     bool  // the connection carries no other request
	failed   error // a failed write, or the request is over
}

func (w *writer) Header() http.Header {
	if w.header == nil {
		w.header = make(http.Header, 8)
	}
	return w.header
}

// WriteHeader fixes the status and the header. Interim answers are not sent: no
// caller asks for one.
func (w *writer) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begin(status)
}

func (w *writer) begin(status int) {
	if w.status != 0 || status < 200 || w.failed != nil {
		return
	}
	w.status, w.length = status, -1
	if said := w.header["Content-Length"]; len(said) > 0 {
		w.length = length(said[0])
	}
	w.beginHead()
}

func (w *writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begin(http.StatusOK)
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
		w.endHead()
	}
	w.written += int64(len(p))
	switch {
	case !w.headed && len(w.gathered)+len(p) <= oneWrite:
		w.gathered = append(w.gathered, p...)
		return len(p), nil
	case !w.headed:
		w.endHead()
	case len(w.out)+len(p) <= oneWrite:
		w.out = w.appendBody(w.out, p)
		return len(p), nil
	}
	return len(p), w.send(p)
}

// Flush sends the head and what was written so far.
func (w *writer) Flush() { _ = w.FlushError() }

// FlushError is Flush.
func (w *writer) FlushError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begin(http.StatusOK)
	if !w.headed && w.failed == nil {
		w.endHead()
	}
	return w.send(nil)
}

// send sends what is gathered, and p behind it.
func (w *writer) send(p []byte) error {
	if w.failed != nil {
		return w.failed
	}
	to := w.exchange.conn.net
	if len(p) <= oneWrite {
		if w.out = w.appendBody(w.out, p); len(w.out) > 0 {
			_, w.failed = to.Write(w.out)
		}
		w.out = w.out[:0]
		return w.failed
	}
	parts := [][]byte{w.out, p}
	if w.chunked {
		parts[0] = append(strconv.AppendInt(w.out, int64(len(p)), 16), "\r\n"...)
		parts = append(parts, []byte("\r\n"))
	}
	_, w.failed = tlsconn.WriteAll(to, parts...)
	w.out = w.out[:0]
	return w.failed
}

// end ends the answer, unless it is to break off, and reports whether another
// request may follow. Later writes by the handler's goroutines fail.
func (w *writer) end(whole bool) bool {
	if !w.mu.TryLock() {
		if !whole { // a goroutine of the handler writes still, maybe for ever
			_ = w.exchange.conn.net.SetWriteDeadline(time.Unix(1, 0))
		}
		w.mu.Lock()
	}
	defer w.mu.Unlock()
	if !whole {
		w.failed = errOver
		return false
	}
	w.begin(http.StatusOK)
	if !w.headed && w.failed == nil {
		if w.length < 0 { // the whole body is here
			w.length = int64(len(w.gathered))
		}
		w.endHead()
	}
	if w.chunked {
		w.out = append(w.out, "0\r\n\r\n"...)
	}
	err := w.send(nil)
	w.giveBack()
	return err == nil && (w.length < 0 || w.written == w.length) && !w.last
}

// giveBack leaves the memory of the answer to the next one.
func (w *writer) giveBack() {
	if cap(w.out) <= keepOut {
		w.exchange.conn.out = w.out[:0]
	}
	w.out, w.failed = nil, errOver
}

// SetReadDeadline is for http.ResponseController. It does nothing for a body
// that has arrived: the watch does the reading behind it.
func (w *writer) SetReadDeadline(at time.Time) error {
	e := w.exchange
	return e.conn.during(e, func(to net.Conn) error {
		if e.body.whole || e.body.left.Load() == 0 {
			return nil
		}
		e.timed = true
		return to.SetReadDeadline(at)
	})
}

// SetWriteDeadline is for http.ResponseController.
func (w *writer) SetWriteDeadline(at time.Time) error {
	e := w.exchange
	return e.conn.during(e, func(to net.Conn) error {
		e.timed = true
		return to.SetWriteDeadline(at)
	})
}

// EnableFullDuplex is for http.ResponseController. Full duplex is always on.
func (w *writer) EnableFullDuplex() error { return nil }

func bodyAllowed(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}
