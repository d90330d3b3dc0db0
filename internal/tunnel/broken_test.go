package tunnel_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/tunnel"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// router passes bytes on until it forgets its connections, as NAT does: it then
// neither passes anything on nor closes anything.
type router struct {
	url    *url.URL
	silent atomic.Bool
}

func newRouter(t *testing.T, to string) *router {
	t.Helper()
	ln := listen(t)
	r := &router{url: &url.URL{Scheme: "http", Host: ln.Addr().String()}}
	pass := func(dst, src net.Conn) {
		buf := make([]byte, 32<<10)
		for {
			n, err := src.Read(buf)
			if err != nil {
				return
			}
			if !r.silent.Load() {
				_, _ = dst.Write(buf[:n])
			}
		}
	}
	go func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			t.Cleanup(func() { _ = near.Close(); _ = far.Close() })
			go pass(far, near)
			go pass(near, far)
		}
	}()
	t.Cleanup(func() { _ = ln.Close() })
	return r
}

func TestTunnel_ThatIsForgottenOnTheWayIsNoticedOnBothSides(t *testing.T) {
	const quick = 20 * time.Millisecond
	b := newBalancer(t, &tunnel.Hub{AskEvery: quick, Patience: 10 * quick})
	r := newRouter(t, b.url.Host)
	s := newServer(t, r.url, echoed, func(c *tunnel.Config) { c.AskEvery, c.Patience, c.FirstPause = quick, 10*quick, time.Hour })
	b.wait(t, s)
	next(t, s.up)
	r.silent.Store(true)
	assert.ErrorContains(t, next(t, s.down), "has broken")
	require.Eventually(t, func() bool { return !b.Has(s.id) }, 20*time.Second, time.Millisecond)
}

func TestListener_SaysOnceWhyThereIsNoTunnel(t *testing.T) {
	var refused atomic.Int64
	answers := make(chan func(http.ResponseWriter), 1)
	answer := func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":"no"}`))
	}
	token := make(chan string, 1000)
	balancer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case answer = <-answers:
		default:
		}
		select {
		case token <- r.Header.Get("Authorization"):
		default:
		}
		refused.Add(1)
		answer(w)
	}))
	defer balancer.Close()
	to, err := url.Parse(balancer.URL)
	require.NoError(t, err)
	s := newServer(t, to, echoed, func(c *tunnel.Config) { c.Token = func() (string, error) { return "secret", nil } })
	err = next(t, s.down)
	assert.ErrorContains(t, err, `401 Unauthorized {"error":"no"}`)
	assert.Equal(t, "Bearer secret", next(t, token))
	before := refused.Load()
	require.Eventually(t, func() bool { return refused.Load() > before+5 }, 20*time.Second, time.Millisecond)
	assert.Empty(t, s.down)
	answers <- func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) }
	assert.ErrorContains(t, next(t, s.down), "404")
	assert.Empty(t, s.up)
}

func TestListener_OfATokenThatCannotBeRead(t *testing.T) {
	b := newBalancer(t, &tunnel.Hub{})
	s := newServer(t, b.url, echoed, func(c *tunnel.Config) { c.Token = func() (string, error) { return "", errors.New("no such file") } })
	assert.ErrorContains(t, next(t, s.down), "no such file")
}

func TestTunnel_OverTLS(t *testing.T) {
	hub := &tunnel.Hub{}
	defer hub.Close()
	ts := httptest.NewUnstartedServer(hub)
	ts.Config.ErrorLog = log.New(io.Discard, "", 0)
	ts.StartTLS()
	defer ts.Close()
	defer hub.Close()
	to, err := url.Parse(ts.URL)
	require.NoError(t, err)
	trust := x509.NewCertPool()
	trust.AddCert(ts.Certificate())
	s := newServer(t, to, echoed, func(c *tunnel.Config) { c.TLS = &tls.Config{RootCAs: trust} })
	b := &balancer{Hub: hub}
	b.wait(t, s)
	assertEcho(t, b.pool(t, s), large)
	stranger := newServer(t, to, echoed)
	assert.ErrorContains(t, next(t, stranger.down), "certificate")
}

func TestHub_RefusesWhatIsNoTunnel(t *testing.T) {
	b := newBalancer(t, &tunnel.Hub{Most: 1})
	ask := func(upgrade, incarnation string) (int, string) {
		req, err := http.NewRequest(http.MethodGet, b.url.String()+runtimespec.PathTunnel, nil)
		require.NoError(t, err)
		req.Header.Set("Connection", "Upgrade")
		req.Header.Set("Upgrade", upgrade)
		req.Header.Set(runtimespec.TunnelServer, incarnation)
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	status, text := ask("websocket", uuid.NewString())
	assert.Equal(t, http.StatusUpgradeRequired, status)
	assert.Contains(t, text, "want Upgrade: whiskaway-tunnel")
	status, _ = ask(runtimespec.UpgradeTunnel, "me")
	assert.Equal(t, http.StatusBadRequest, status)
	one := newServer(t, b.url, echoed)
	b.wait(t, one)
	another := newServer(t, b.url, echoed)
	assert.ErrorContains(t, next(t, another.down), "broken", "one too many")
	assert.False(t, b.Has(another.id))
}
