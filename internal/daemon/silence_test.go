package daemon_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
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

// wait waits for an end.
func wait[T any](t *testing.T, from <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(harness.Patience):
		t.Fatal("nothing came")
	}
	return value
}

const ask = "POST /run HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"

// A caller that is there and reads nothing would hold what it is sent for ever.
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
	assert.ErrorIs(t, wait(t, ended), syscall.ETIMEDOUT)
	assert.NoError(t, l.Stop(t.Context()))
}

// apart does something in a network of its own, which has nothing but loopback.
func apart(t *testing.T, do func() error) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can have a network of its own, which this takes down")
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never given back: the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = loopback(true)
		}
		if err == nil {
			err = do()
		}
		done <- err
	}()
	err := wait(t, done)
	if errors.Is(err, syscall.EPERM) {
		t.Skip("the kernel gives no network of its own, as in containers without CAP_SYS_ADMIN: ", err)
	}
	require.NoError(t, err)
}

// loopback sets the link of the thread's network up or down. While it is down
// nothing passes between its ends, and neither is told.
func loopback(up bool) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if lo.SetUint16(0); up {
		lo.SetUint16(unix.IFF_UP)
	}
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}

// A caller whose host vanished, before its answer and in the middle of it.
func TestListener_ACallerThatVanishesIsGone(t *testing.T) {
	for name, writes := range map[string]bool{"nothing is sent to it": false, "what is sent arrives nowhere": true} {
		t.Run(name, func(t *testing.T) {
			began, vanished, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
			l := &daemon.Listener{Listen: "127.0.0.1:0", Log: zap.NewNop(), Silence: 2 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // who has read it all is told when the caller goes
				close(began)
				<-vanished
				if writes {
					_, _ = io.WriteString(w, "{}")
					w.(http.Flusher).Flush()
				}
				<-r.Context().Done()
				close(ended)
			})}
			var caller net.Conn
			apart(t, func() error {
				err := l.Start()
				if err != nil {
					return err
				}
				if caller, err = net.Dial("tcp", l.Addr()); err != nil {
					return err
				}
				if _, err = io.WriteString(caller, ask); err != nil {
					return err
				}
				<-began
				return loopback(false)
			})
			defer caller.Close()
			close(vanished)
			wait(t, ended)
			assert.NoError(t, l.Stop(t.Context()))
		})
	}
}
