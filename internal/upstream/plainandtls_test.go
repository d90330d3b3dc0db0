package upstream_test

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/upstream"
)

// once accepts connections, sends bytes on each at once and closes it when the
// other side has.
func once(t *testing.T, greeting string) string {
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
			go func() {
				defer conn.Close()
				_, _ = io.WriteString(conn, greeting)
				_ = conn.(*net.TCPConn).CloseWrite()
				_, _ = io.Copy(io.Discard, conn)
			}()
		}
	}()
	return ln.Addr().String()
}

func serveTLS(t *testing.T) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// What speaks something else is told from what broke off or is away, and says
// what to change where the address is only spelled wrong.
func TestSend_WhatIsNoHTTPIsSaidToBe(t *testing.T) {
	secure := serveTLS(t)
	plain := serve(t, http.NotFound)
	for name, c := range map[string]struct {
		url, says string
		sent      bool
	}{
		"garbage":            {"http://" + once(t, "\x00\x01\x02\r\n\r\n"), "no HTTP", true},
		"one line":           {"http://" + once(t, "SSH-2.0-OpenSSH_9.2\r\n"), `SSH-2.0`, true},
		"no line's end":      {"http://" + once(t, "+OK"), "+OK", true},
		"an alert":           {"http://" + once(t, "\x15\x03\x01\x00\x02\x02\x46"), "https://", true},
		"a head too large":   {"http://" + once(t, "HTTP/1.1 200 OK\r\nA: "+strings.Repeat("b", 100<<10)), "larger than", true},
		"TLS, asked without": {strings.Replace(secure, "https:", "http:", 1), "https://", true},
		"none, asked by TLS": {strings.Replace(plain, "http:", "https:", 1), "http://", false},
		"garbage for TLS":    {"https://" + once(t, "220 mail.example ESMTP\r\n"), "http://", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pool(t, c.url, upstream.Options{}).Send(t.Context(), &upstream.Request{Path: "/run", Body: []byte("{}")})
			require.ErrorIs(t, err, upstream.ErrNoHTTP)
			assert.Equal(t, !c.sent, errors.Is(err, upstream.ErrNotSent))
			assert.ErrorContains(t, err, c.says)
		})
	}
}

func TestSend_WhatBreaksOffIsNotMalformed(t *testing.T) {
	for name, url := range map[string]string{
		"closed at once": "http://" + once(t, ""),
		"a cut status":   "http://" + once(t, "HTTP/1.1 20"),
		"a cut protocol": "http://" + once(t, "HTT"),
		"a cut head":     "http://" + once(t, "HTTP/1.1 200 OK\r\nContent-Le"),
		"away":           "http://127.0.0.1:1",
		"not trusted":    serveTLS(t),
	} {
		_, err := pool(t, url, upstream.Options{}).Send(t.Context(), &upstream.Request{Path: "/run"})
		require.Error(t, err, name)
		assert.NotErrorIs(t, err, upstream.ErrNoHTTP, name)
	}
}
