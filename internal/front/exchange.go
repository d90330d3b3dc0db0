package front

import (
	"errors"
	"net/http"
	"net/url"
	"time"
)

// errOver is what a handler's goroutine gets that outlives its request.
var errOver = errors.New("the request is over")

// exchange is one request and its answer: all that a handler can keep of it. The
// next request on the connection has another.
type exchange struct {
	conn    *conn
	head    head
	url     url.URL
	body    body
	writer  writer
	context ending
	timed   bool // the handler has set deadlines; guarded by conn.mu
}

// begin is called once the head was read.
func (e *exchange) begin() *http.Request {
	c, h := e.conn, &e.head
	e.url.Path = h.path
	e.body.begin(c, h.length)
	e.writer.exchange, e.writer.out = e, c.out[:0]
	c.out = nil
	return (&http.Request{
		Method: http.MethodPost, URL: &e.url, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h.header, Body: &e.body, ContentLength: h.length, Host: h.host,
		RemoteAddr: c.remote, RequestURI: h.path,
	}).WithContext(&e.context)
}

// end ends the answer, unless it is to break off, and what the handler's
// goroutines can do with the connection. It reports whether that can carry
// another request.
func (e *exchange) end(whole bool) (again bool) {
	again = e.writer.end(whole) // first: the caller does not wait for the rest
	e.conn.endWatch()
	e.context.cancel()
	again = again && e.body.end()
	if e.timed {
		e.conn.until = time.Time{}
		_ = e.conn.net.SetWriteDeadline(time.Time{})
	}
	return again
}
