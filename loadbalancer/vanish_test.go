package loadbalancer_test

import (
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// host is what a server is reached by, and can vanish: nothing passes any more,
// and no connection is closed. When it is back it knows nothing of connections
// from before: whoever writes to one gets a reset.
type host struct {
	net.Listener
	to   string
	back chan struct{} // closed when it is
	done sync.WaitGroup

	mu    sync.Mutex // guards what follows
	gone  bool
	conns []*net.TCPConn
}

func newHost(t *testing.T, f *fake) *host {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	h := &host{Listener: ln, to: f.Listener.Addr().String(), back: make(chan struct{})}
	h.done.Go(func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			h.done.Go(func() { h.relay(near.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		h.mu.Lock()
		for _, c := range h.conns {
			_ = c.Close()
		}
		h.mu.Unlock()
		h.done.Wait()
	})
	return h
}

func (h *host) url() string { return "http://" + h.Addr().String() }

// keep has a connection closed when the test ends, and says whether the host is
// there to take it.
func (h *host) keep(c *net.TCPConn) (there bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conns = append(h.conns, c)
	return !h.gone
}

func (h *host) vanished() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.gone
}

func (h *host) vanish() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gone = true
}

func (h *host) comeBack() {
	h.mu.Lock()
	h.gone = false
	h.mu.Unlock()
	close(h.back)
}

func (h *host) relay(near *net.TCPConn) {
	if !h.keep(near) { // nobody there answers
		h.reset(near, 0)
		return
	}
	conn, err := net.Dial("tcp", h.to)
	if err != nil {
		_ = near.Close()
		return
	}
	far := conn.(*net.TCPConn)
	h.keep(far)
	h.done.Go(func() { h.pump(far, near, near) })
	h.pump(near, far, near)
}

// pump passes bytes on until the host has vanished meanwhile.
func (h *host) pump(from, to, near *net.TCPConn) {
	old, after := false, h.returned()
	for buf := make([]byte, 8<<10); ; {
		n, err := from.Read(buf)
		if old = old || h.vanished() || h.returned() && !after; old {
			h.reset(near, n)
			return
		}
		if err != nil {
			_ = to.CloseWrite()
			return
		}
		_, _ = to.Write(buf[:n])
	}
}

// returned is whether it was gone and is back.
func (h *host) returned() bool {
	select {
	case <-h.back:
		return true
	default:
		return false
	}
}

// reset answers what came on a connection from before when the host is back.
func (h *host) reset(near *net.TCPConn, came int) {
	<-h.back
	if came > 0 {
		_ = near.SetLinger(0)
		_ = near.Close()
	}
}

// The host of a server vanishes without a word, and comes back.
func TestChecks_AHostThatVanishesCostsOnlyTheRunsThere(t *testing.T) {
	one, other := newFake(t), newFake(t)
	h := newHost(t, one)
	r := newRig(t, loadbalancer.Config{CheckTimeout: slowCheck}, h.url(), other.URL)
	r.identified(2)
	f := newTarget(small)
	ready := func(s *fake) bool { return s.count(runtimespec.PathRun) > 0 }
	r.mustInit(f)
	for i := 0; !ready(one); i++ { // a function whose place is at the one
		f = newTarget(small, "I", string(rune('a'+i)))
		r.mustInit(f)
		r.mustRun(f)
	}
	arrived, end := make(chan struct{}, 2), make(chan struct{})
	one.on(runtimespec.PathRun, func(f *fake, w http.ResponseWriter, in request) {
		arrived <- struct{}{}
		if in.Get(runtimespec.HeaderActivation) == "a1" {
			hang(in.done)(f, w, in)
		}
		<-end
		echo(f, w, in)
	})
	stuck := async(func() got { return r.run(f, "a1", runtimespec.HeaderTimeout, "1500") })
	wait(t, arrived)
	kept := async(func() got { return r.run(f, "a2") })
	wait(t, arrived)
	close(end) // its connection is kept
	require.Equal(t, http.StatusOK, wait(t, kept).status)
	h.vanish()
	r.eventually(func() bool { return r.count("ejected") == 1 })
	assert.Equal(t, other.id, r.mustRun(f).header.Get(runtimespec.HeaderServer))
	assert.Equal(t, runtimespec.TimedOut, wait(t, stuck).reason, "it may have run and is sent nowhere else")

	one.on(runtimespec.PathRun, echo)
	one.on(runtimespec.PathFunctions, functions(`{"function":"`+f.spec.Identity().String()+`","tenant":"default","name":"f","state":"ready"}`))
	one.restart()
	h.comeBack()
	r.identified(2)
	other.on(runtimespec.PathRun, refuse(runtimespec.Saturated))
	assert.Equal(t, one.id, r.mustRun(f).header.Get(runtimespec.HeaderServer), "on no connection from before")
}
