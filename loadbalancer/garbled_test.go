package loadbalancer_test

import (
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// A server that speaks no HTTP, or does not take the function, does not speak for
// one that says "later": the run waits for that.
func TestRun_AnUnfitServerDoesNotOverrideOneThatIsBusy(t *testing.T) {
	for name, unfit := range map[string]script{
		"no HTTP": raw("SSH-2.0-OpenSSH\r\n"), "another kind": refuse(runtimespec.UnsupportedKind), "broken": refuse(runtimespec.HostFailed),
	} {
		t.Run(name, func(t *testing.T) {
			busy, other := newFake(t), newFake(t)
			r := before(t, loadbalancer.Config{QueueWait: time.Minute}, busy, other)
			f := newTarget(small)
			for r.mustInit(f); busy.count(runtimespec.PathInit) == 0; r.mustInit(f) {
				f = f.unlike()
			}
			inits := other.count(runtimespec.PathInit)
			other.on(runtimespec.PathInit, unfit)
			busy.on(runtimespec.PathRun, first(1, refuse(runtimespec.Saturated), echo))
			r.mustRun(f)
			assert.Equal(t, 2, busy.count(runtimespec.PathRun))
			assert.Greater(t, other.count(runtimespec.PathInit), inits)
		})
	}
}

func TestInit_AGarbledServerDoesNotOverrideOneThatIsBusy(t *testing.T) {
	busy, garbled := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, busy, garbled)
	busy.on(runtimespec.PathInit, refuse(runtimespec.Saturated))
	garbled.on(runtimespec.PathInit, raw("SSH-2.0-OpenSSH\r\n"))
	for range 10 { // each of the two is the first for some
		a := r.init(newTarget(small).unlike())
		assert.Equal(t, runtimespec.Saturated, a.reason, "%s", a.body)
	}
	busy.on(runtimespec.PathReady, draining)
	r.eventually(func() bool { return r.count("draining") == 1 })
	a := r.init(newTarget(small).unlike())
	assert.Equal(t, runtimespec.Saturated, a.reason, "%s", a.body)
}

// A server that answers plainly where TLS was spoken has not been sent the run,
// which waits until TLS is spoken again.
func TestRun_WaitsForAServerThatDoesNotSpeakTLSForAWhile(t *testing.T) {
	s := newFake(t)
	behind := httptest.NewTLSServer(s.Config.Handler)
	t.Cleanup(behind.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: behind.Certificate().Raw}), 0o600))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	var plain atomic.Bool
	go func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer near.Close()
				if plain.Load() {
					_, _ = io.WriteString(near, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
					_, _ = io.Copy(io.Discard, near)
					return
				}
				pass(near, nil, behind.Listener.Addr().String())
			}()
		}
	}()
	r := newRig(t, loadbalancer.Config{ServersCA: ca, QueueWait: time.Minute}, "https://"+ln.Addr().String())
	r.identified(1)
	f := newTarget(small)
	r.mustInit(f)
	plain.Store(true)
	behind.CloseClientConnections()
	r.problem(0, "ejected")
	run := async(func() got { return r.run(f, "a1") })
	r.queued(1)
	plain.Store(false)
	s.restart()
	a := wait(t, run)
	assert.Equal(t, http.StatusOK, a.status, "%s %v", a.body, a.err)
}
