package webproc_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/process"
	"github.com/whiskaway/whiskaway/servermode/internal/webproc"
)

const maxResult = 64 << 10

var self = uint32(os.Getuid())

// portOf returns the port that a client's process is told to listen on.
func portOf(t *testing.T, c *webproc.Client) string {
	t.Helper()
	env := c.Environ([]string{"PORT=1", "HOST=mine"})
	require.Equal(t, "HOST=mine", env[len(env)-2], "the action's own goes before ours")
	port, ok := strings.CutPrefix(env[len(env)-1], "PORT=")
	require.True(t, ok, "but for the port")
	return port
}

func newClient(t *testing.T, endpoint webproc.Endpoint) *webproc.Client {
	t.Helper()
	c, err := webproc.New(endpoint, self, 4)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// serve stands in for the function's process, on an address of the client's port.
func serve(t *testing.T, c *webproc.Client, host string, handler http.HandlerFunc) {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, portOf(t, c)))
	require.NoError(t, err)
	s := &http.Server{Handler: handler}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
}

func run(t *testing.T, c *webproc.Client, line string) (string, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	result, err := c.Run(ctx, []byte(line), maxResult)
	return string(result), err
}

func TestReady_WhenConnectedTo(t *testing.T) {
	c := newClient(t, webproc.Endpoint{Run: "/"})
	missing, err := c.Ready(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "nothing listens on 127.0.0.1:"+portOf(t, c), missing)
	serve(t, c, "127.0.0.1", func(http.ResponseWriter, *http.Request) { t.Error("no request need be made") })
	missing, err = c.Ready(t.Context())
	require.NoError(t, err)
	assert.Empty(t, missing)
}

func TestReady_WhenItsPathAnswers2xx(t *testing.T) {
	c := newClient(t, webproc.Endpoint{Ready: "/health?x=1", Run: "/"})
	var asked atomic.Int32
	serve(t, c, "127.0.0.1", func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "GET /health?x=1", r.Method+" "+r.RequestURI)
		w.WriteHeader(map[int32]int{1: 503, 2: 302, 3: 204}[asked.Add(1)])
	})
	for _, want := range []string{`GET /health?x=1 on 127.0.0.1:` + portOf(t, c) + ` answered 503 Service Unavailable`, `answered 302 Found`} {
		missing, err := c.Ready(t.Context())
		require.NoError(t, err)
		assert.Contains(t, missing, want)
	}
	missing, err := c.Ready(t.Context())
	require.NoError(t, err)
	assert.Empty(t, missing)
}

func TestReady_NotWhenOpenToTheNetwork(t *testing.T) {
	for _, host := range []string{"0.0.0.0", "::"} {
		c := newClient(t, webproc.Endpoint{Run: "/"})
		serve(t, c, host, func(http.ResponseWriter, *http.Request) { t.Error("it must not be spoken to") })
		_, err := c.Ready(t.Context())
		require.ErrorIs(t, err, process.ErrUnfit, host)
		assert.ErrorContains(t, err, "have it listen on 127.0.0.1, the address in HOST")
		_, err = run(t, c, `{"value":{}}`)
		assert.ErrorIs(t, err, process.ErrNotDelivered, "nor later")
	}
}

func TestReady_NotWhenAnotherUserListens(t *testing.T) {
	c, err := webproc.New(webproc.Endpoint{Run: "/"}, self+1, 1)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	serve(t, c, "127.0.0.1", func(http.ResponseWriter, *http.Request) { t.Error("a stranger must not be spoken to") })
	_, err = c.Ready(t.Context())
	require.ErrorContains(t, err, "another user's program listens on the port")
	assert.NotErrorIs(t, err, process.ErrUnfit, "it is no fault of the function's")
	_, err = run(t, c, `{"value":{"secret":1}}`)
	assert.ErrorIs(t, err, process.ErrNotDelivered)
}

func TestClient_PortsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		port := portOf(t, newClient(t, webproc.Endpoint{}))
		assert.False(t, seen[port])
		seen[port] = true
	}
}

func TestRun_NotDeliveredWithoutAListener(t *testing.T) {
	_, err := run(t, newClient(t, webproc.Endpoint{Run: "/"}), `{"value":{}}`)
	assert.ErrorIs(t, err, process.ErrNotDelivered)
}

// A server may close each connection after it has read a request. Nothing is sent to
// it twice, whatever the method.
func TestRun_IsNeverSentTwice(t *testing.T) {
	c := newClient(t, webproc.Endpoint{Run: "/"})
	var seen atomic.Int32
	first := true
	serve(t, c, "127.0.0.1", func(w http.ResponseWriter, r *http.Request) {
		if first { // so that the next request goes over a connection that was used before
			first = false
			return
		}
		seen.Add(1)
		conn, _, err := w.(http.Hijacker).Hijack()
		if assert.NoError(t, err) {
			_ = conn.Close()
		}
	})
	for _, line := range []string{
		`{"value":{"__ow_method":"get","__ow_path":"/","__ow_query":""}}`,
		`{"value":{"__ow_method":"options","__ow_path":"/","__ow_query":""}}`,
		`{"value":{"__ow_method":"post","__ow_path":"/","__ow_query":"","__ow_headers":{"Idempotency-Key":"1","X-Idempotency-Key":"1"}}}`,
		`{"value":{}}`,
	} {
		first = true
		_, err := run(t, c, `{"value":{}}`)
		require.NoError(t, err)
		seen.Store(0)
		_, err = run(t, c, line)
		require.ErrorIs(t, err, process.ErrProtocol, line)
		assert.EqualValues(t, 1, seen.Load(), line)
	}
}
