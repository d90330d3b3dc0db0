package load_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/bench/internal/load"
)

const patience = 30 * time.Second

// counted returns a server that knows how many connections it was sent.
func counted(t *testing.T, handle http.HandlerFunc) (address string, opened *atomic.Int64) {
	t.Helper()
	opened = new(atomic.Int64)
	server := httptest.NewUnstartedServer(handle)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), opened
}

func post(c *load.Conn, body string) (*load.Answer, error) {
	return c.Do(fmt.Appendf(nil, "POST /run HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n", len(body)), []byte(body), patience)
}

func echoBody(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = w.Write(body)
}

func TestConn_KeepsItsConnection(t *testing.T) {
	for name, handle := range map[string]http.HandlerFunc{
		"with a length": echoBody,
		"in chunks": func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			for part := range strings.SplitAfterSeq(string(body), "\n") {
				_, _ = io.WriteString(w, part)
				w.(http.Flusher).Flush()
			}
		},
		"with a trailer": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "Sum")
			echoBody(w, r)
			w.Header().Set("Sum", "1")
		},
	} {
		t.Run(name, func(t *testing.T) {
			address, opened := counted(t, handle)
			c := load.NewConn(address)
			defer c.Close()
			for _, body := range []string{"one\ntwo\nthree", strings.Repeat("long\n", 50_000), ""} {
				a, err := post(c, body)
				require.NoError(t, err)
				assert.Equal(t, http.StatusOK, a.Status)
				assert.Equal(t, body, string(a.Body))
			}
			assert.EqualValues(t, 1, opened.Load())
		})
	}
}

func TestConn_OpensAnotherWhereTheServerCloses(t *testing.T) {
	address, opened := counted(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		w.Header().Set("X-Reason", "because")
		w.WriteHeader(http.StatusBadGateway)
		echoBody(w, r)
	})
	c := load.NewConn(address)
	defer c.Close()
	for range 3 {
		a, err := post(c, "text")
		require.NoError(t, err)
		assert.Equal(t, http.StatusBadGateway, a.Status)
		assert.Equal(t, "text", string(a.Body))
		assert.Equal(t, "because", a.Header("x-reason"))
		assert.Empty(t, a.Header("x-other"))
	}
	assert.EqualValues(t, 3, opened.Load())
}

// raw answers each connection's first request with the text, and closes it.
func raw(t *testing.T, text string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			wire, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = wire.Read(make([]byte, 4096))
			_, _ = io.WriteString(wire, text)
			_ = wire.Close()
		}
	}()
	return l.Addr().String()
}

func TestConn_ReadsWhatOthersSend(t *testing.T) {
	for name, c := range map[string]struct{ text, body string }{
		"until the end of the connection": {"HTTP/1.1 200 OK\r\n\r\n{}", "{}"},
		"HTTP/1.0":                        {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", "{}"},
		"an interim answer":               {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "{}"},
		"chunk extensions":                {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\n{\r\n1\r\n}\r\n0\r\nSum: 1\r\n\r\n", "{}"},
		"no reason phrase":                {"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}", "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := load.NewConn(raw(t, c.text))
			defer conn.Close()
			a, err := post(conn, "{}")
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, a.Status)
			assert.Equal(t, c.body, string(a.Body))
		})
	}
}

func TestConn_RefusesWhatIsNoAnswer(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "closed without an answer",
		"hello\r\n":              "no HTTP answer",
		"HTTP/1.1 abc OK\r\n":    "no HTTP answer",
		"HTTP/1.1 200 OK\r\nA: ": "middle of the answer",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}":                                   "middle of the answer",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}":                                  "Content-Length",
		"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n{}":                        "Content-Length",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}":              "Content-Length",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}{}":                                 "2 bytes came after the answer",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}":                             "Transfer-Encoding",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n{}":                     "chunk",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n":        "longer than it says",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n":                 "middle of the answer",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n{}\r\n":          "longer than 64 MiB",
		"HTTP/1.1 200 OK\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 70): "head is too long",
	} {
		t.Run(want, func(t *testing.T) {
			c := load.NewConn(raw(t, text))
			defer c.Close()
			_, err := post(c, "{}")
			assert.ErrorContains(t, err, want)
			assert.False(t, errors.Is(err, load.ErrNotSent))
		})
	}
}

func TestConn_NothingListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	_, err = post(load.NewConn(address), "{}")
	assert.ErrorIs(t, err, load.ErrNotSent)
	assert.NotContains(t, err.Error(), address, "no two messages of a kind would be the same")
}

func TestConn_TimesOut(t *testing.T) {
	release := make(chan struct{})
	address, _ := counted(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	_, err := load.NewConn(address).Do([]byte("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n"), nil, 20*time.Millisecond)
	assert.EqualError(t, err, "read: i/o timeout")
}
