package httpserver

import (
	"errors"
	"net/http"
	"net/url"
	"time"
)

// errOver is the error of a handler's goroutine that outlives its request.
var errOver = errors.New("the request is over")

// exchange is one request and its answer: everything that a handler can keep of
// it. The next request on the connection gets another exchange.
type exchange struct {
	conn    *conn
	head    head
	url     url.URL
	body    body
	writer  writer
	context ending
	timed   bool // the handler has set deadlines; guarded by conn.mu
}

// begin returns the request, once its head was read.
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

// end ends the answer, unless it is to break off, and takes the connection from
// the handler's goroutines. It reports whether the connection can carry another
// request.
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
