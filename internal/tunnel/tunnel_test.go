package tunnel_test

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/tunnel"
	"github.com/whiskaway/whiskaway/internal/upstream"
)

func TestTunnel_CarriesRequestsOfAllSizes(t *testing.T) {
	_, _, p := pair(t, echoed)
	for _, body := range []string{"", "a", large[:100_000], large} {
		assertEcho(t, p, body)
	}
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() { assertEcho(t, p, large[:n*1000]) })
	}
	all.Wait()
}

// An answer that is not read fills its own window and no more.
func TestTunnel_OneThatIsNotReadHoldsUpNoOther(t *testing.T) {
	written := make(chan int, 1)
	_, _, p := pair(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > 0 {
			echoed(w, r)
			return
		}
		n, err := 0, error(nil)
		for err == nil && n < 1<<30 {
			var more int
			more, err = io.WriteString(w, large)
			n += more
		}
		written <- n
	})
	resp, err := p.Send(t.Context(), &upstream.Request{Path: "/run"})
	require.NoError(t, err)
	for range 10 {
		assertEcho(t, p, large)
	}
	assert.Empty(t, written, "it waits")
	require.NoError(t, resp.Close())
}

func TestTunnel_ACallerThatLeavesIsNoticed(t *testing.T) {
	began, left := make(chan struct{}), make(chan struct{})
	_, _, p := pair(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(began)
		<-r.Context().Done()
		close(left)
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()
	_, err := post(ctx, p, "a")
	assert.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, upstream.ErrNotSent)
	next(t, left)
}

func TestTunnel_IsMadeAgainAndWhatItCutWasSent(t *testing.T) {
	began := make(chan struct{}, 1)
	b, s, p := pair(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > 0 {
			echoed(w, r)
			return
		}
		began <- struct{}{}
		<-r.Context().Done()
	})
	for range 3 {
		assertEcho(t, p, "a") // leaves a connection
		next(t, s.up)
		failed := make(chan error, 1)
		go func() { _, err := post(t.Context(), p, ""); failed <- err }()
		next(t, began)
		b.cut()
		err := next(t, failed)
		require.Error(t, err)
		assert.NotErrorIs(t, err, upstream.ErrNotSent, "the server may have read it")
		require.Eventually(t, func() bool { _, err := post(t.Context(), p, "a"); return err == nil }, 20*time.Second, time.Millisecond)
	}
	assert.ErrorContains(t, next(t, s.down), "has broken")
}

func TestTunnel_WithoutOneNothingIsSent(t *testing.T) {
	b, s, p := pair(t, echoed)
	s.End()
	require.Eventually(t, func() bool { return !b.Has(s.id) }, 20*time.Second, time.Millisecond)
	_, err := post(t.Context(), p, "a")
	assert.ErrorIs(t, err, upstream.ErrNotSent)
	assert.ErrorIs(t, err, tunnel.ErrNoTunnel)
}

// A server that drains finishes what it has, and is sent nothing on connections
// that it has closed.
func TestTunnel_ClosedForNewConnectionsFinishesOthers(t *testing.T) {
	began, release := make(chan struct{}, 1), make(chan struct{})
	_, s, p := pair(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 {
			began <- struct{}{}
			<-release
		}
		echoed(w, r)
	})
	assertEcho(t, p, "a") // leaves a connection
	slow := make(chan error, 1)
	go func() {
		_, err := post(t.Context(), p, "") // takes it
		slow <- err
	}()
	next(t, began)
	assertEcho(t, p, "a") // leaves another
	shut := make(chan error, 1)
	go func() { shut <- s.front.Shutdown(t.Context()) }()
	for { // until it is closed it answers
		if _, err := post(t.Context(), p, "a"); err != nil {
			assert.ErrorIs(t, err, upstream.ErrNotSent)
			break
		}
	}
	assert.Empty(t, slow)
	close(release)
	assert.NoError(t, next(t, slow))
	assert.NoError(t, next(t, shut))
}

func TestTunnel_CarriesABoundedNumberOfConnections(t *testing.T) {
	b, s, p := pair(t, echoed)
	dial := b.Dialer(s.id)
	for range tunnel.MaxStreams {
		conn, err := dial(t.Context())
		require.NoError(t, err)
		defer conn.Close()
	}
	_, err := post(t.Context(), p, "a")
	assert.ErrorIs(t, err, tunnel.ErrBusy)
	assert.ErrorIs(t, err, upstream.ErrNotSent)
}

func TestTunnel_ANewOneOfAServerTakesTheOldOnesPlace(t *testing.T) {
	b := newBalancer(t, &tunnel.Hub{})
	patient := func(c *tunnel.Config) { c.FirstPause, c.LastPause = time.Hour, time.Hour } // neither comes back
	s := newServer(t, b.url, echoed, patient)
	b.wait(t, s)
	p := b.pool(t, s)
	young := newServer(t, b.url, echoed, patient, func(c *tunnel.Config) { c.Incarnation = s.id })
	next(t, young.up)
	assert.ErrorContains(t, next(t, s.down), "has broken")
	s.End()
	require.Eventually(t, func() bool { _, err := post(t.Context(), p, "a"); return err == nil }, 20*time.Second, time.Millisecond)
}
