package httpserver_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/httpserver"
)

// A caller that does not shake hands is closed when a head would be late.
func TestServer_HandshakesThatDoNotCome(t *testing.T) {
	_, addr := overTLS().start(t, describe, func(c *httpserver.Config) { c.HeaderTimeout = 200 * time.Millisecond })
	for _, text := range []string{"", "\x16\x03\x01\x00\xa5\x01"} {
		c := way{}.call(t, addr)
		c.send(text)
		assert.ErrorIs(t, c.ended(), io.EOF)
	}
}

// A caller that forgot the s of https is told so, as by net/http.
func TestServer_PlainHTTPWhereTLSIsSpoken(t *testing.T) {
	by := overTLS()
	_, ours := by.start(t, describe)
	theirs := by.netHTTP(t, describe)
	for _, line := range []string{"POST /run", "GET /healthz", "HEAD /healthz", "PUT /x", "OPTIONS *"} {
		text := line + " HTTP/1.1\r\nHost: x\r\n\r\n"
		got, want := way{}.call(t, ours), way{}.call(t, theirs)
		got.send(text)
		want.send(text)
		a, body := got.answer()
		b, wanted := want.answer()
		assert.Equal(t, http.StatusBadRequest, a.StatusCode)
		assert.Equal(t, b.StatusCode, a.StatusCode)
		assert.Equal(t, wanted, body)
	}
}

// A handshake that is under way when the server shuts down comes to its end, and
// so does the request behind it.
func TestServer_ShutdownLetsHandshakesEnd(t *testing.T) {
	by := overTLS()
	s, addr := by.start(t, describe)
	raw, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer raw.Close()
	by.call(t, addr).send(post("/run", "{}")) // behind it: raw was accepted
	over := make(chan error, 1)
	go func() { over <- s.Shutdown(within(t)) }()
	require.Eventually(t, func() bool {
		other, err := net.Dial("tcp", addr)
		if err == nil {
			_ = other.Close()
		}
		return err != nil
	}, patience, time.Millisecond)
	secured := tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
	_, err = io.WriteString(secured, post("/run", "{}"))
	require.NoError(t, err)
	answer, err := io.ReadAll(secured)
	require.NoError(t, err)
	assert.Contains(t, string(answer), "200 OK")
	assert.Contains(t, string(answer), "Connection: close")
	assert.NoError(t, <-over)
}
