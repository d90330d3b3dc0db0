package upstream_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/upstream"
)

// What listens there speaks something else: that is told from a connection that
// was lost, and no end of a line is waited for.
func TestSend_KnowsWhatIsNoHTTP(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		want   error // nil: neither
	}{
		"another protocol":     {"SSH-2.0-OpenSSH_9.9\r\n", upstream.ErrNoHTTP},
		"one without lines":    {"\x00\x00\x00\x07garbage", upstream.ErrNoHTTP},
		"an alert of TLS":      {"\x15\x03\x01\x00\x02\x02\x46", upstream.ErrSpeaksTLS},
		"another version":      {"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", upstream.ErrNoHTTP},
		"no status":            {"HTTP/1.1 OK\r\n\r\n", upstream.ErrNoHTTP},
		"no header":            {"HTTP/1.1 200 OK\r\nhello\r\n\r\n", upstream.ErrNoHTTP},
		"a head without end":   {"HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 20_000), upstream.ErrNoHTTP},
		"no chunk":             {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", upstream.ErrNoHTTP},
		"a chunk without end":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", upstream.ErrNoHTTP},
		"nothing":              {"", nil},
		"the beginning":        {"HTT", nil},
		"a head that is cut":   {"HTTP/1.1 200 OK\r\nContent-Le", nil},
		"a chunk that is cut":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello", nil},
		"chunks that are over": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := pool(t, open(t, c.answer, c.want == nil), upstream.Options{})
			_, _, err := exchange(t, p, &upstream.Request{Path: "/init"})
			require.Error(t, err)
			assert.Equal(t, c.want != nil, errors.Is(err, upstream.ErrNoHTTP), "%v", err)
			assert.Equal(t, c.want == upstream.ErrSpeaksTLS, errors.Is(err, upstream.ErrSpeaksTLS), "%v", err)
			assert.NotErrorIs(t, err, upstream.ErrNotSent)
		})
	}
}

// open returns a server that answers with bytes, and leaves the connection open
// unless it is told to close.
func open(t *testing.T, answer string, closes bool) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	end := make(chan struct{})
	t.Cleanup(func() { close(end); _ = ln.Close() })
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, answer)
		}
		if !closes {
			<-end
		}
	}()
	return "http://" + ln.Addr().String()
}

// A request that no server could be sent is known as such.
func TestSend_KnowsWhatCannotBeSent(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	for name, r := range map[string]*upstream.Request{
		"a header of two lines": {Path: "/run", Header: upstream.Header{{Name: "A", Value: "b\r\nC: d"}}},
		"a body that is gone":   {Path: "/run", Size: 1, Open: func() (io.Reader, error) { return nil, io.ErrClosedPipe }},
		"a body that ends":      {Path: "/run", Size: 9, Open: func() (io.Reader, error) { return strings.NewReader("short"), nil }},
	} {
		_, _, err := exchange(t, pool(t, s.URL, upstream.Options{}), r)
		assert.ErrorIs(t, err, upstream.ErrUnsendable, name)
	}
}
