package httpserver

import (
	"net"
	"sync"
)

// handed is the listener of the net/http server. It accepts the connections
// that are handed over.
type handed struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (h *handed) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *handed) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

// Addr is never called: each connection knows its own.
func (h *handed) Addr() net.Addr { return &net.TCPAddr{} }

// give hands a connection over, with the bytes that were already read from it.
func (h *handed) give(c net.Conn, read []byte) {
	select {
	case h.conns <- &reread{Conn: c, before: read}:
	case <-h.closed:
		_ = c.Close()
	}
}

// reread is a connection that first returns the bytes that were already read.
type reread struct {
	net.Conn
	before []byte
}

func (r *reread) Read(p []byte) (int, error) {
	if len(r.before) == 0 {
		return r.Conn.Read(p)
	}
	n := copy(p, r.before)
	r.before = r.before[n:]
	return n, nil
}

// CloseWrite lets net/http end a connection whose request it did not read.
func (r *reread) CloseWrite() error {
	if c, ok := r.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}
