package httpserver

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// beginHead writes the answer's head, except the fields that depend on the
// body. Later changes to the handler's header have no effect, as after a sent
// head.
func (w *writer) beginHead() {
	h := append(w.out[:0], "HTTP/1.1 "...)
	h = strconv.AppendInt(h, int64(w.status), 10)
	h = append(append(append(h, ' '), http.StatusText(w.status)...), "\r\n"...)
	w.out = w.fields(h)
}

// endHead completes the head and appends the part of the body that was
// gathered.
func (w *writer) endHead() {
	w.headed = true
	h := w.out
	switch {
	case !bodyAllowed(w.status):
		w.length = 0
	case w.length < 0:
		w.chunked = true
		h = append(h, "Transfer-Encoding: chunked\r\n"...)
	default:
		h = append(strconv.AppendInt(append(h, "Content-Length: "...), w.length, 10), "\r\n"...)
	}
	e := w.exchange
	w.last = w.last || e.conn.server.closing.Load() || e.body.left.Load() > maxDiscard
	if w.last {
		h = append(h, "Connection: close\r\n"...)
	}
	h = append(append(append(h, "Date: "...), date()...), "\r\n\r\n"...)
	w.out = w.appendBody(h, w.gathered)
	w.gathered = nil
}

// appendBody appends a piece of the body, as a chunk if the answer is chunked.
func (w *writer) appendBody(dst, p []byte) []byte {
	if !w.chunked || len(p) == 0 {
		return append(dst, p...)
	}
	dst = append(strconv.AppendInt(dst, int64(len(p)), 16), "\r\n"...)
	return append(append(dst, p...), "\r\n"...)
}

// fields appends the handler's header.
func (w *writer) fields(h []byte) []byte {
	for name, values := range w.header {
		switch name {
		case "Content-Length", "Transfer-Encoding", "Date":
			continue
		case "Connection":
			w.last = w.last || len(values) > 0 && strings.EqualFold(values[0], "close")
			continue
		}
		if name == "" || !only(name, "-_") {
			continue
		}
		for _, value := range values {
			h = append(append(h, name...), ": "...)
			from := len(h)
			h = append(h, value...)
			for i := from; i < len(h); i++ {
				if h[i] == '\r' || h[i] == '\n' { // a second line could be any field
					h[i] = ' '
				}
			}
			h = append(h, "\r\n"...)
		}
	}
	return h
}

// dated is the Date of one second.
type dated struct {
	second int64
	text   string
}

var lastDate atomic.Pointer[dated]

// date returns the current Date, which is formatted once a second.
func date() string {
	now := time.Now()
	if last := lastDate.Load(); last != nil && last.second == now.Unix() {
		return last.text
	}
	text := now.UTC().Format(http.TimeFormat)
	lastDate.Store(&dated{now.Unix(), text})
	return text
}
