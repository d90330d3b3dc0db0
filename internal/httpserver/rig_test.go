package httpserver_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/httpserver"
)

const patience = 30 * time.Second

// way is how callers reach a server: over TLS or not.
type way struct{ secure *tls.Config }

// eachWay runs a test with TLS and without.
func eachWay(t *testing.T, test func(t *testing.T, by way)) {
	t.Run("plain", func(t *testing.T) { test(t, way{}) })
	t.Run("TLS", func(t *testing.T) { test(t, overTLS()) })
}

func overTLS() way {
	donor := httptest.NewTLSServer(nil)
	donor.Close()
	return way{&tls.Config{Certificates: donor.TLS.Certificates}}
}

func (w way) scheme() string {
	if w.secure != nil {
		return "https://"
	}
	return "http://"
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return ln
}

// start serves a handler, and returns the server and its address.
func (w way) start(t testing.TB, h http.HandlerFunc, change ...func(*httpserver.Config)) (*httpserver.Server, string) {
	t.Helper()
	ln := listen(t)
	cfg := httpserver.Config{Handler: h, TLS: w.secure, Log: zap.NewNop(), HeaderTimeout: patience, IdleTimeout: time.Minute, MaxHeader: 64 << 10}
	for _, c := range change {
		c(&cfg)
	}
	s := httpserver.New(cfg)
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	t.Cleanup(func() {
		_ = s.Close()
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	return s, ln.Addr().String()
}

// netHTTP is net/http's own server with the same handler.
func (w way) netHTTP(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	ln := listen(t)
	address := ln.Addr().String()
	if w.secure != nil {
		ln = tls.NewListener(ln, w.secure)
	}
	s := &http.Server{Handler: h, MaxHeaderBytes: 64 << 10}
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(func() { _ = s.Close() })
	return address
}

// caller is a connection to a server.
type caller struct {
	net.Conn
	t  testing.TB
	in *bufio.Reader
}

func (w way) call(t testing.TB, addr string) *caller {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	if w.secure != nil {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
	}
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	return &caller{c, t, bufio.NewReader(c)}
}

func (c *caller) send(text string) {
	c.t.Helper()
	_, err := io.WriteString(c, text)
	require.NoError(c.t, err)
}

// answer reads one answer whole.
func (c *caller) answer() (*http.Response, string) {
	c.t.Helper()
	resp, err := http.ReadResponse(c.in, nil)
	require.NoError(c.t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	return resp, string(body)
}

func (c *caller) ended() error {
	_, err := c.in.ReadByte()
	return err
}

func post(path, body string, headers ...string) string {
	head := strings.Join(append([]string{"POST " + path + " HTTP/1.1", "Host: x", fmt.Sprintf("Content-Length: %d", len(body))}, headers...), "\r\n")
	return head + "\r\n\r\n" + body
}

// here reports whether a request was read by the package, not by net/http.
func here(r *http.Request) bool { return r.Context().Value(http.ServerContextKey) == nil }

// describe answers with all that a handler can see of a request.
func describe(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	h := r.Header.Clone()
	text := fmt.Sprintf("%s %s %s %s %d %q %v\n", r.Method, r.URL, r.RequestURI, r.Host, r.ContentLength, body, err)
	for _, name := range slices.Sorted(maps.Keys(h)) {
		text += fmt.Sprintf("%s: %q\n", name, h[name])
	}
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("X-Here", fmt.Sprint(here(r)))
	_, _ = io.WriteString(w, text)
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// repeat sends requests one after another until the server says that it takes
// no more.
func (c *caller) repeat() error {
	defer c.Close()
	for {
		if _, err := io.WriteString(c, post("/run", "{}")); err != nil {
			return nil // it was ended before
		}
		resp, err := http.ReadResponse(c.in, nil)
		if err != nil {
			return errLost
		}
		if resp.Close {
			return nil
		}
	}
}
