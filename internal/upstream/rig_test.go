package upstream_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/upstream"
)

func pool(t *testing.T, url string, o upstream.Options) *upstream.Pool {
	t.Helper()
	base, err := upstream.ParseTarget(url, "http")
	require.NoError(t, err)
	p := upstream.New(base, o)
	t.Cleanup(p.CloseIdle)
	return p
}

// serve returns a net/http server in front of a handler.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// raw returns a server that reads a request's head and answers with bytes; then it
// closes.
func raw(t *testing.T, answer string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = io.WriteString(conn, answer)
			}
			_ = conn.Close()
		}
	}()
	return "http://" + ln.Addr().String()
}

// exchange sends a request and reads its answer whole.
func exchange(t *testing.T, p *upstream.Pool, r *upstream.Request) (status int, body string, err error) {
	t.Helper()
	resp, err := p.Send(t.Context(), r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Close()
	text, err := io.ReadAll(resp)
	return resp.Status, string(text), err
}

func eventually(t *testing.T, what func() bool) {
	t.Helper()
	assert.Eventually(t, what, 30*time.Second, time.Millisecond)
}
