package daemon_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/test/harness"
)

const tooMuch = 40 << 20

// refusing returns a listener whose handler answers 413 after it has read some of a
// body, and how often it has.
func refusing(t *testing.T, secure bool, bounds daemon.Unwanted, reads int64) (l *daemon.Listener, returned chan struct{}) {
	t.Helper()
	returned = make(chan struct{}, 16)
	l = &daemon.Listener{Listen: "127.0.0.1:0", Log: zap.NewNop(), Unwanted: bounds, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { returned <- struct{}{} }()
		if reads > 0 {
			_, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, reads))
			assert.Error(t, err)
		}
		const text = "larger than --max-run-body"
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		_, _ = io.WriteString(w, text)
	})}
	if secure {
		donor := httptest.NewTLSServer(nil)
		l.TLS = donor.TLS.Clone()
		l.TLS.NextProtos = nil
		donor.Close()
	}
	require.NoError(t, l.Start())
	t.Cleanup(func() { assert.NoError(t, l.Stop(context.Background())) })
	return l, returned
}

func dial(t *testing.T, l *daemon.Listener) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", l.Addr())
	require.NoError(t, err)
	if l.TLS != nil {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// sendAll sends a whole body before it reads anything.
func sendAll(t *testing.T, conn net.Conn, chunked bool) {
	t.Helper()
	piece := make([]byte, 1<<20)
	out := bufio.NewWriter(conn)
	if chunked {
		_, _ = io.WriteString(out, "POST /run HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
	} else {
		_, _ = fmt.Fprintf(out, "POST /run HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", tooMuch)
	}
	for range tooMuch / len(piece) {
		if chunked {
			_, _ = fmt.Fprintf(out, "%x\r\n", len(piece))
		}
		_, err := out.Write(piece)
		require.NoError(t, err)
		if chunked {
			_, _ = io.WriteString(out, "\r\n")
		}
	}
	if chunked {
		_, _ = io.WriteString(out, "0\r\n\r\n")
	}
	require.NoError(t, out.Flush())
}

// answered reads an answer to the end of its connection.
func answered(t *testing.T, conn net.Conn) string {
	t.Helper()
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	require.NoError(t, err)
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
	assert.True(t, resp.Close, "no other request can follow")
	rest, err := io.ReadAll(in)
	assert.NoError(t, err, "the connection is closed, not reset")
	assert.Empty(t, rest)
	return string(text)
}

// A caller that sends the whole body before it reads the answer gets the
// answer.
func TestListener_ARefusedBodyDoesNotCostTheAnswer(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, chunked := range []bool{false, true} {
			for _, reads := range []int64{0, 32 << 20} {
				t.Run(fmt.Sprintf("secure %t, chunked %t, read %d", secure, chunked, reads), func(t *testing.T) {
					l, _ := refusing(t, secure, daemon.Unwanted{}, reads)
					conn := dial(t, l)
					sendAll(t, conn, chunked)
					assert.Contains(t, answered(t, conn), "--max-run-body")
				})
			}
		}
	}
}

// Go's client reads the answer while it sends.
func TestListener_GosClientGetsTheAnswerToABodyThatIsRefused(t *testing.T) {
	for _, secure := range []bool{false, true} {
		l, _ := refusing(t, secure, daemon.Unwanted{}, 0)
		url := "http://" + l.Addr()
		if secure {
			url = "https://" + l.Addr()
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		for _, body := range []io.Reader{bytes.NewReader(make([]byte, tooMuch)), io.LimitReader(zeros{}, tooMuch)} {
			resp, err := client.Post(url, "application/json", body)
			require.NoError(t, err)
			text, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			_ = resp.Body.Close()
			assert.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
			assert.Contains(t, string(text), "--max-run-body")
		}
		client.CloseIdleConnections()
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A caller that sends for ever, or slowly, or stops sending, gets its answer
// and is closed. Its handler has returned long before.
func TestListener_ABodyThatIsRefusedIsReadWithinBounds(t *testing.T) {
	for name, c := range map[string]struct {
		bounds daemon.Unwanted
		every  time.Duration // 0: at once
	}{
		"bytes":           {daemon.Unwanted{Bytes: 8 << 20, Time: time.Hour, Pause: time.Hour}, 0},
		"time":            {daemon.Unwanted{Bytes: 1 << 60, Time: 300 * time.Millisecond, Pause: time.Hour}, 10 * time.Millisecond},
		"nothing is sent": {daemon.Unwanted{Bytes: 1 << 60, Time: time.Hour, Pause: 100 * time.Millisecond}, time.Hour},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, secure %t", name, secure), func(t *testing.T) {
				t.Parallel()
				l, returned := refusing(t, secure, c.bounds, 0)
				conn := dial(t, l)
				_, err := fmt.Fprintf(conn, "POST /run HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", int64(1)<<50)
				require.NoError(t, err)
				harness.Receive(t, returned)
				read := make(chan struct{})
				var sending sync.WaitGroup
				sending.Go(func() {
					for piece := make([]byte, 64<<10); ; {
						if _, err := conn.Write(piece); err != nil {
							return
						}
						select {
						case <-time.After(c.every):
						case <-read:
							return
						}
					}
				})
				assert.NotEmpty(t, closed(t, conn), "the answer comes first")
				close(read)
				sending.Wait()
			})
		}
	}
}

// closed reads until the connection ends in whatever way.
func closed(t *testing.T, conn net.Conn) []byte {
	t.Helper()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(harness.Patience)))
	text, err := io.ReadAll(conn)
	var late net.Error
	if assert.False(t, errors.As(err, &late) && late.Timeout(), "it is still open") {
		return text
	}
	return nil
}

// A small body is read to its end, and the connection is kept.
func TestListener_ASmallUnreadBodyKeepsItsConnection(t *testing.T) {
	for _, secure := range []bool{false, true} {
		l, _ := refusing(t, secure, daemon.Unwanted{}, 0)
		conn := dial(t, l)
		in := bufio.NewReader(conn)
		for range 2 {
			_, err := io.WriteString(conn, "POST /run HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n"+string(make([]byte, 9000)))
			require.NoError(t, err)
			resp, err := http.ReadResponse(in, nil)
			require.NoError(t, err)
			assert.False(t, resp.Close)
			_, _ = io.Copy(io.Discard, resp.Body)
		}
	}
}

// A service that ends does not wait for callers whose bodies are unwanted.
func TestListener_StopDoesNotWaitForAnUnwantedBody(t *testing.T) {
	for _, secure := range []bool{false, true} {
		l, returned := refusing(t, secure, daemon.Unwanted{Time: time.Hour, Pause: time.Hour}, 0)
		conn := dial(t, l)
		_, err := io.WriteString(conn, "POST /run HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n")
		require.NoError(t, err)
		harness.Receive(t, returned)
		ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
		assert.NoError(t, l.Stop(ctx))
		cancel()
	}
}
