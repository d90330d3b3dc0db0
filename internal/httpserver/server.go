// Package httpserver is an HTTP/1.1 server for net/http handlers that does as little
// work as a run needs.
//
// The simplest form of HTTP, a POST with a Content-Length, each header once and
// nothing unusual, is read from one buffer and answered in one write, plain and
// over TLS. A connection that asks for anything else is handed to net/http,
// with the bytes that came, for the rest of its life. net/http alone judges
// what is not certainly simple, so there is no second opinion for request
// smuggling to use.
//
// Handlers notice no difference. A request, its header and its writer are never
// used for another request.
package httpserver

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// Config is what a server needs.
type Config struct {
	Handler       http.Handler
	TLS           *tls.Config // nil: plain HTTP
	Log           *zap.Logger
	HeaderTimeout time.Duration // from a request's first byte to the end of its head
	IdleTimeout   time.Duration // between requests
	MaxHeader     int           // bytes
}

// Server serves one listener.
type Server struct {
	Config
	rest    *http.Server // serves what is not simple
	handed  *handed
	closing atomic.Bool
	open    sync.WaitGroup // connections that are served here

	mu    sync.Mutex // guards what follows
	conns map[*conn]struct{}
	ln    net.Listener // nil until Serve
}

// New returns a server that is not serving yet.
func New(cfg Config) *Server {
	return &Server{
		Config: cfg,
		rest: &http.Server{
			Handler: cfg.Handler, ReadHeaderTimeout: cfg.HeaderTimeout, IdleTimeout: cfg.IdleTimeout,
			MaxHeaderBytes: cfg.MaxHeader, ErrorLog: stdlog.New(io.Discard, "", 0),
		},
		handed: &handed{conns: make(chan net.Conn), closed: make(chan struct{})},
		conns:  map[*conn]struct{}{},
	}
}

// Serve accepts connections until Shutdown or Close.
func (s *Server) Serve(ln net.Listener) error {
	s.mu.Lock()
	s.ln = ln
	s.mu.Unlock()
	if s.closing.Load() {
		_ = ln.Close()
		return http.ErrServerClosed
	}
	go func() { _ = s.rest.Serve(s.handed) }()
	for pause := time.Duration(0); ; {
		c, err := ln.Accept()
		switch {
		case err == nil:
			pause = 0
			s.start(c)
		case s.closing.Load():
			return http.ErrServerClosed
		case passing(err):
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.Log.Warn("cannot accept connections for now", zap.Error(err))
			time.Sleep(pause)
		default:
			return err
		}
	}
}

// passing reports whether an error of accept may pass, such as a lack of
// descriptors.
func passing(err error) bool {
	var temporary interface{ Temporary() bool }
	return errors.As(err, &temporary) && temporary.Temporary()
}

func (s *Server) start(raw net.Conn) {
	c := newConn(s, raw)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		_ = raw.Close()
		return
	}
	s.conns[c] = struct{}{}
	s.open.Go(c.serve)
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
}

// Shutdown accepts no more connections and requests, and waits for those in
// flight until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.close((*conn).wake)
	done := make(chan struct{})
	go func() { s.open.Wait(); close(done) }()
	err := s.rest.Shutdown(ctx)
	select {
	case <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	return err
}

// Close ends everything at once.
func (s *Server) Close() error {
	s.close(func(c *conn) { _ = c.net.Close() })
	return s.rest.Close()
}

func (s *Server) close(each func(*conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing.Store(true)
	if s.ln != nil {
		_ = s.ln.Close()
	}
	for c := range s.conns {
		each(c)
	}
}
