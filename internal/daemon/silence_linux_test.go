package daemon_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/test/harness"
)

const ask = "POST /run HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"

// Without a limit, a caller that reads nothing would hold its answer for ever.
func TestListener_ACallerThatReadsNothingIsGone(t *testing.T) {
	ended := make(chan error, 1)
	l := &daemon.Listener{Listen: "127.0.0.1:0", Log: zap.NewNop(), Silence: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for piece := make([]byte, 64<<10); ; {
			if _, err := w.Write(piece); err != nil {
				ended <- err
				return
			}
		}
	})}
	require.NoError(t, l.Start())
	caller, err := net.Dial("tcp", l.Addr())
	require.NoError(t, err)
	defer caller.Close()
	_, err = io.WriteString(caller, ask)
	require.NoError(t, err)
	assert.ErrorIs(t, harness.Receive(t, ended), syscall.ETIMEDOUT)
	assert.NoError(t, l.Stop(t.Context()))
}

// deaf makes the caller's kernel drop all packets for its socket. To the other
// side its host has vanished, until the returned function restores it.
func deaf(t *testing.T, caller net.Conn, on bool) {
	t.Helper()
	raw, err := caller.(*net.TCPConn).SyscallConn()
	require.NoError(t, err)
	drop := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K}
	require.NoError(t, raw.Control(func(fd uintptr) {
		if on {
			err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &drop})
		} else {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
		}
	}))
	if errors.Is(err, unix.EPERM) {
		t.Skip("the host has no memory for one more filter, of which only root's are not counted: ", err)
	}
	require.NoError(t, err)
}

// needsFilters skips a test where no process may filter its sockets, as in some
// containers.
func needsFilters(t *testing.T) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	drop := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &drop}); err != nil {
		t.Skip("the host lets no process drop what comes for its socket: ", err)
	}
}

// waiting returns a listener whose handler waits until its caller is gone, and that
// caller. The handler calls then first. gone gets the time that this took.
func waiting(t *testing.T, then func(w http.ResponseWriter)) (caller net.Conn, began chan struct{}, gone chan time.Duration) {
	t.Helper()
	began, gone = make(chan struct{}), make(chan time.Duration, 1)
	l := &daemon.Listener{Listen: "127.0.0.1:0", Log: zap.NewNop(), Silence: 6 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a handler that has read the whole body is told when the caller goes
		at := time.Now()
		began <- struct{}{}
		then(w)
		<-r.Context().Done()
		gone <- time.Since(at)
	})}
	require.NoError(t, l.Start())
	t.Cleanup(func() { assert.NoError(t, l.Stop(context.Background())) })
	caller, err := net.Dial("tcp", l.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = caller.Close() })
	_, err = io.WriteString(caller, ask)
	require.NoError(t, err)
	return caller, began, gone
}

// A caller's host vanishes before its answer, and in the middle of it.
func TestListener_ACallerThatVanishesIsGone(t *testing.T) {
	needsFilters(t)
	for name, writes := range map[string]bool{"nothing is sent to it": false, "what is sent arrives nowhere": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, vanish := context.WithCancel(t.Context())
			caller, began, gone := waiting(t, func(w http.ResponseWriter) {
				if <-ctx.Done(); writes {
					_, _ = io.WriteString(w, "{}")
					w.(http.Flusher).Flush()
				}
			})
			harness.Receive(t, began)
			deaf(t, caller, true)
			vanish()
			harness.Receive(t, gone)
		})
	}
}

// A few lost probes do not end a connection.
func TestListener_ACallerThatIsBackInTimeIsThere(t *testing.T) {
	needsFilters(t)
	caller, began, gone := waiting(t, func(http.ResponseWriter) {})
	harness.Receive(t, began)
	deaf(t, caller, true)
	select {
	case after := <-gone:
		t.Fatal("gone after ", after)
	case <-time.After(2500 * time.Millisecond): // a part of what it may be silent for
	}
	deaf(t, caller, false)
	select {
	case after := <-gone:
		t.Fatal("gone after ", after)
	case <-time.After(5 * time.Second): // probes are answered again
	}
	require.NoError(t, caller.Close())
	harness.Receive(t, gone)
}
