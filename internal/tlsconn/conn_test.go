package tlsconn_test

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/tlsconn"
)

// counting counts the writes of a connection, and can stop in the middle of one.
type counting struct {
	net.Conn
	writes atomic.Int64
	middle func() // nil: nothing happens there

	deadlines atomic.Int64 // of writes
}

func (c *counting) SetWriteDeadline(at time.Time) error {
	c.deadlines.Add(1)
	return c.Conn.SetWriteDeadline(at)
}

func (c *counting) Write(p []byte) (int, error) {
	c.writes.Add(1)
	if c.middle == nil {
		return c.Conn.Write(p)
	}
	n, err := c.Conn.Write(p[:len(p)/2])
	if err != nil {
		return n, err
	}
	c.middle()
	m, err := c.Conn.Write(p[n:])
	return n + m, err
}

// pair is both ends of a connection, and what is below the client's.
func pair(t *testing.T) (client, server *tlsconn.Conn, below *counting) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	raw, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	accepted, err := ln.Accept()
	require.NoError(t, err)
	donor := httptest.NewTLSServer(nil)
	donor.Close()
	below = &counting{Conn: raw}
	client = tlsconn.Client(below, &tls.Config{InsecureSkipVerify: true})
	server = tlsconn.Server(accepted, &tls.Config{Certificates: donor.TLS.Certificates})
	shaken := make(chan error, 1)
	go func() { shaken <- server.Handshake() }()
	require.NoError(t, client.Handshake())
	require.NoError(t, <-shaken)
	t.Cleanup(func() { _ = client.Close(); _ = server.Close() })
	return client, server, below
}

func TestConn_CarriesWhatIsWritten(t *testing.T) {
	client, server, below := pair(t)
	for _, size := range []int{0, 1, 16 << 10, 16<<10 + 1, 64 << 10, 100_000, 3 << 20} {
		want := make([]byte, size)
		_, _ = rand.Read(want)
		received := make(chan []byte, 1)
		go func() {
			got := make([]byte, 2*size+5)
			_, _ = io.ReadFull(server, got)
			received <- got
		}()
		before := below.writes.Load()
		n, err := client.Write(want)
		require.NoError(t, err)
		assert.Equal(t, size, n)
		m, err := tlsconn.WriteAll(client, []byte("parts"), want)
		require.NoError(t, err)
		assert.EqualValues(t, size+5, m)
		assert.True(t, bytes.Equal(append(append(bytes.Clone(want), "parts"...), want...), <-received), "%d bytes", size)
		if size > 16<<10 {
			assert.LessOrEqual(t, below.writes.Load()-before, 2*int64(size/(64<<10)+1), "%d bytes", size)
		}
	}
}

// A write that fails is one for ever: what was gathered is lost.
func TestConn_WriteThatFails(t *testing.T) {
	client, _, _ := pair(t)
	require.NoError(t, client.SetWriteDeadline(time.Unix(1, 0)))
	_, err := client.Write(make([]byte, 100_000))
	require.Error(t, err)
	require.NoError(t, client.SetWriteDeadline(time.Time{}))
	_, err = client.Write([]byte("more"))
	assert.Error(t, err)
	_, err = tlsconn.WriteAll(client, []byte("more"))
	assert.Error(t, err)
}

// A read whose time is over in the middle of a record has lost nothing.
func TestConn_ReadThatIsInterrupted(t *testing.T) {
	client, server, below := pair(t)
	half, proceed, written := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	below.middle = func() { close(half); <-proceed }
	go func() {
		_, err := client.Write([]byte("all of this"))
		written <- err
	}()
	<-half
	var got [11]byte
	for range 3 {
		require.NoError(t, server.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
		_, err := server.Read(got[:])
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	}
	close(proceed)
	require.NoError(t, <-written)
	below.middle = nil
	require.NoError(t, server.SetReadDeadline(time.Time{}))
	_, err := io.ReadFull(server, got[:])
	require.NoError(t, err)
	assert.Equal(t, "all of this", string(got[:]))
}

// Closing does not wait for a write that the other side does not take.
func TestConn_CloseEndsAWrite(t *testing.T) {
	client, _, below := pair(t)
	before, failed := below.writes.Load(), make(chan error, 1)
	go func() {
		for {
			if _, err := client.Write(make([]byte, 1<<20)); err != nil {
				failed <- err
				return
			}
		}
	}()
	require.Eventually(t, func() bool { return below.writes.Load() > before+10 }, 30*time.Second, time.Millisecond)
	require.NoError(t, client.Close())
	assert.Error(t, <-failed)
}

// Nor for the last of what was gathered: there is no goodbye then, for which crypto/tls
// gives the other side five seconds.
func TestConn_CloseEndsTheLastOfAWrite(t *testing.T) {
	client, _, below := pair(t)
	stuck, failed := make(chan struct{}), make(chan error, 1)
	below.middle = func() {
		close(stuck)
		for err := error(nil); err == nil; {
			_, err = below.Conn.Write(make([]byte, 1<<20))
		}
	}
	go func() {
		_, err := client.Write(make([]byte, 20<<10))
		failed <- err
	}()
	<-stuck
	require.NoError(t, client.Close())
	assert.Error(t, <-failed)
	assert.Zero(t, below.deadlines.Load())
}
