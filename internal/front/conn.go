package front

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

const (
	firstBuffer = 4 << 10
	// maxSimple is the largest head of a simple request, in bytes.
	maxSimple = 16 << 10
)

// conn is one connection, and the request on it.
type conn struct {
	server *Server
	net    net.Conn
	remote string // its address
	buf    []byte // what was read and not used is buf[from:to]
	from   int
	to     int
	until  time.Time // the read deadline that is set

	head head
	body body
	url  url.URL
	w    writer

	bodyRead atomic.Bool // the request's body was read to its end

	mu       sync.Mutex    // guards what follows
	active   bool          // a handler has a request
	watching chan struct{} // closed when the watch has ended; nil: there is none
	timer    *time.Timer   // begins the watch
	context  *exchange     // of the request
}

func newConn(s *Server, raw net.Conn) *conn {
	c := &conn{server: s, net: raw, remote: raw.RemoteAddr().String(), buf: make([]byte, firstBuffer)}
	c.head.header = http.Header{}
	c.w.conn, c.w.header = c, http.Header{}
	return c
}

// serve handles one request after another.
func (c *conn) serve() {
	defer c.server.forget(c)
	for {
		end, ok := c.next()
		if !ok {
			_ = c.net.Close()
			return
		}
		if end == 0 || !c.head.parse(string(c.buf[c.from:c.from+end])) {
			_ = c.net.SetReadDeadline(time.Time{})
			c.server.handed.give(c.net, c.buf[c.from:c.to])
			return
		}
		c.from += end
		if !c.handle() {
			c.close()
			return
		}
	}
}

func (c *conn) setActive(active bool) {
	c.mu.Lock()
	c.active = active
	c.mu.Unlock()
}

// wake has an idle connection see that the server is closing.
func (c *conn) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.active {
		_ = c.net.SetReadDeadline(time.Unix(1, 0))
	}
}

// handle has one request answered, and reports whether another may follow.
func (c *conn) handle() (again bool) {
	c.body = body{conn: c, left: c.head.length}
	c.url = url.URL{Path: c.head.path}
	context := &exchange{}
	request := http.Request{
		Method: http.MethodPost, URL: &c.url, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: c.head.header, Body: &c.body, ContentLength: c.head.length, Host: c.head.host,
		RemoteAddr: c.remote, RequestURI: c.head.path,
	}
	c.bodyRead.Store(c.body.left == 0)
	if c.body.left > int64(c.to-c.from) {
		c.deadline(time.Time{}) // how long a body may take is for its handler to say
	}
	c.w.begin()
	c.beginWatch(context)
	defer func() {
		c.endWatch()
		context.cancel()
		if cause := recover(); cause != nil {
			again = false
			c.panicked(cause)
		}
	}()
	c.server.Handler.ServeHTTP(&c.w, request.WithContext(context))
	if !c.w.finish() || !c.body.discard() || c.w.last {
		return false
	}
	c.setActive(false)
	return true
}

func (c *conn) panicked(cause any) {
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		return
	}
	c.server.Log.Error("a handler panicked", zap.Any("cause", cause), zap.ByteString("stack", debug.Stack()))
}

// lingerFor is how long a connection stays whose request was not read.
const lingerFor = 500 * time.Millisecond

// close ends the connection so that the answer arrives: if bytes come that
// nobody reads, the other side's kernel throws it away. A caller that has read
// it closes the connection.
func (c *conn) close() {
	if half, ok := c.net.(interface{ CloseWrite() error }); ok && !c.body.Ended() && half.CloseWrite() == nil {
		_ = c.net.SetReadDeadline(time.Now().Add(lingerFor))
		_, _ = io.Copy(io.Discard, c.net)
	}
	_ = c.net.Close()
}

// isDeadline reports whether a read ended because its time was over.
func isDeadline(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
