package front

import (
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/internal/tlsconn"
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
	exchange *exchange
	header   http.Header

	mu       sync.Mutex // guards what follows, and the writing of the connection
	out      []byte     // the head and what follows of the body, not sent yet
	gathered []byte     // of the body, while the head is not complete
	headed   bool       // it is complete
	status   int        // 0: not given
	length   int64      // of the body, as the handler said; negative: it did not
	written  int64      // of the body
	chunked  bool
	last     bool  // no other request on this connection
	failed   error // of writing, or the request is over
}

func (w *writer) Header() http.Header {
	if w.header == nil {
		w.header = make(http.Header, 8)
	}
	return w.header
}

// WriteHeader decides on the status and the header. An interim answer is not
// sent: no caller asks for one.
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

// Flush sends what was written so far, and the head before it.
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

// send sends out, and p behind it.
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
	w.failed = writeAll(to, parts)
	w.out = w.out[:0]
	return w.failed
}

// writeAll writes parts with as few system calls as can be.
func writeAll(to net.Conn, parts [][]byte) (err error) {
	if secured, ok := to.(*tlsconn.Conn); ok {
		_, err = secured.WriteAll(parts...)
		return err
	}
	all := net.Buffers(parts)
	_, err = all.WriteTo(to)
	return err
}

// end ends the answer, unless it is to break off, and reports whether another may
// follow. The handler's goroutines write nothing from then on.
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
		if w.length < 0 { // all of it is here
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

// SetReadDeadline is for http.ResponseController. For a body that has come
// already nothing is to be waited for; behind it, reading is the watch's.
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

// EnableFullDuplex is for http.ResponseController: it is so already.
func (w *writer) EnableFullDuplex() error { return nil }

func bodyAllowed(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}
