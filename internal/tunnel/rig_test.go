package tunnel_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/httpserver"
	"github.com/whiskaway/whiskaway/internal/tunnel"
	"github.com/whiskaway/whiskaway/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve serves a handler on a listener until the test ends.
func serve(t *testing.T, ln net.Listener, h http.Handler) *httpserver.Server {
	t.Helper()
	s := httpserver.New(httpserver.Config{Handler: h, Log: zap.NewNop(), HeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeader: 64 << 10})
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Serve(ln) }()
	t.Cleanup(func() { _ = s.Close(); <-ended })
	return s
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return ln
}

// balancer has a hub behind HTTP.
type balancer struct {
	*tunnel.Hub
	url *url.URL

	mu    sync.Mutex // guards what follows
	conns []net.Conn
}

func newBalancer(t *testing.T, hub *tunnel.Hub) *balancer {
	t.Helper()
	b := &balancer{Hub: hub}
	ln := listen(t)
	b.url = &url.URL{Scheme: "http", Host: ln.Addr().String()}
	serve(t, recording{ln, b}, hub)
	t.Cleanup(hub.Close)
	return b
}

// recording remembers what it accepts, so that a test can cut it.
type recording struct {
	net.Listener
	b *balancer
}

func (r recording) Accept() (net.Conn, error) {
	conn, err := r.Listener.Accept()
	if err == nil {
		r.b.mu.Lock()
		r.b.conns = append(r.b.conns, conn)
		r.b.mu.Unlock()
	}
	return conn, err
}

func (b *balancer) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, conn := range b.conns {
		_ = conn.Close()
	}
	b.conns = nil
}

// server is one behind a tunnel.
type server struct {
	*tunnel.Listener
	front *httpserver.Server
	id    string
	down  chan error
	up    chan struct{}
}

func newServer(t *testing.T, to *url.URL, h http.HandlerFunc, change ...func(*tunnel.Config)) *server {
	t.Helper()
	s := &server{id: uuid.NewString(), down: make(chan error, 100), up: make(chan struct{}, 100)}
	cfg := tunnel.Config{
		Balancer: to, Incarnation: s.id, FirstPause: time.Millisecond, LastPause: 5 * time.Millisecond,
		Up: func() { s.up <- struct{}{} }, Down: func(err error) { s.down <- err },
	}
	for _, c := range change {
		c(&cfg)
	}
	s.Listener = tunnel.Listen(cfg)
	t.Cleanup(s.End)
	s.front = serve(t, s.Listener, h)
	return s
}

// pool returns how the balancer reaches the server.
func (b *balancer) pool(t *testing.T, s *server) *upstream.Pool {
	t.Helper()
	p := upstream.New(&url.URL{Scheme: "http", Host: s.id}, upstream.Options{Dial: b.Dialer(s.id)})
	t.Cleanup(p.CloseIdle)
	return p
}

// pair returns a balancer, a server that it reaches, and the way.
func pair(t *testing.T, h http.HandlerFunc) (*balancer, *server, *upstream.Pool) {
	t.Helper()
	b := newBalancer(t, &tunnel.Hub{})
	s := newServer(t, b.url, h)
	b.wait(t, s)
	return b, s, b.pool(t, s)
}

func (b *balancer) wait(t *testing.T, s *server) {
	t.Helper()
	require.Eventually(t, func() bool { return b.Has(s.id) }, 20*time.Second, time.Millisecond)
}

func post(ctx context.Context, p *upstream.Pool, body string) (string, error) {
	resp, err := p.Send(ctx, &upstream.Request{Path: "/run", Body: []byte(body)})
	if err != nil {
		return "", err
	}
	defer resp.Close()
	text, err := io.ReadAll(resp)
	if err == nil && resp.Status != http.StatusOK {
		err = fmt.Errorf("status %d: %s", resp.Status, text)
	}
	return string(text), err
}

func echoed(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = w.Write(body)
}

func next[T any](t *testing.T, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(20 * time.Second):
		require.Fail(t, "nothing came")
	}
	return v
}

var large = strings.Repeat("0123456789abcdef", 100_000) // 1.6 MB: several windows

func assertEcho(t *testing.T, p *upstream.Pool, body string) {
	t.Helper()
	got, err := post(t.Context(), p, body)
	if assert.NoError(t, err) {
		assert.True(t, body == got, "%d bytes of %d", len(got), len(body))
	}
}
