package upstream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/upstream"
)

// echo answers with the body, and with the address that the request came from.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-From", r.RemoteAddr)
	w.Header().Set("X-Got", r.Header.Get("X-Sent")+" "+r.Header.Get("Authorization"))
	_, _ = w.Write(body)
}

func TestSend_CarriesBodiesOfAnySize(t *testing.T) {
	p := pool(t, serve(t, echo), upstream.Options{Token: "secret"})
	for _, size := range []int{0, 1, 16 << 10, 16<<10 + 1, 100 << 10, 3 << 20} {
		body := bytes.Repeat([]byte("abcdefg\n"), size/8+1)[:size]
		for name, r := range map[string]*upstream.Request{
			"in memory": {Path: "/run", Body: body},
			"to open":   {Path: "/run", Size: int64(size), Open: func() (io.Reader, error) { return bytes.NewReader(body), nil }},
		} {
			r.Header = upstream.Header{{Name: "X-Sent", Value: "it"}}
			resp, err := p.Send(t.Context(), r)
			require.NoError(t, err)
			assert.Equal(t, "it Bearer secret", resp.Head.Get("X-Got"))
			got, err := io.ReadAll(resp)
			require.NoError(t, err)
			require.True(t, bytes.Equal(body, got), "%d bytes %s", size, name)
			require.True(t, resp.Ended())
			require.NoError(t, resp.Close())
			require.Equal(t, 1, p.Idle())
		}
	}
}

func TestSend_KeepsAConnectionWhoseAnswerWasReadToItsEnd(t *testing.T) {
	p := pool(t, serve(t, echo), upstream.Options{})
	from := func(read bool) string {
		resp, err := p.Send(t.Context(), &upstream.Request{Path: "/run", Body: []byte("abc")})
		require.NoError(t, err)
		defer resp.Close()
		if read {
			_, err = io.ReadAll(resp)
			require.NoError(t, err)
		}
		return resp.Head.Get("X-From")
	}
	first := from(true)
	assert.Equal(t, first, from(true))
	assert.Equal(t, first, from(false))
	second := from(true)
	assert.NotEqual(t, first, second, "the answer before was not read")
	p.Age()
	assert.NotEqual(t, second, from(true), "the connection was idle for too long")
	p.Age()
	p.Sweep()
	assert.Zero(t, p.Idle())
}

func TestSend_StaleConnectionsAreNotWrittenTo(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(echo))
	defer s.Close()
	p := pool(t, s.URL, upstream.Options{})
	_, _, err := exchange(t, p, &upstream.Request{Path: "/run"})
	require.NoError(t, err)
	s.CloseClientConnections()
	_, body, err := exchange(t, p, &upstream.Request{Path: "/run", Body: []byte("abc")})
	require.NoError(t, err)
	assert.Equal(t, "abc", body)
}

func TestSend_UsedWantsAConnectionOfBefore(t *testing.T) {
	p := pool(t, serve(t, echo), upstream.Options{})
	_, _, err := exchange(t, p, &upstream.Request{Path: "/run", Used: true})
	require.ErrorIs(t, err, upstream.ErrNotSent)
	_, _, err = exchange(t, p, &upstream.Request{Path: "/run"})
	require.NoError(t, err)
	_, _, err = exchange(t, p, &upstream.Request{Path: "/run", Used: true})
	assert.NoError(t, err)
}

// A server that refuses a body from its head closes the connection in the
// middle of it.
func TestSend_RefusalBeforeTheBodyWasReadArrives(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	})
	for range 20 {
		status, body, err := exchange(t, pool(t, url, upstream.Options{}), &upstream.Request{Path: "/init", Body: make([]byte, 8<<20)})
		require.NoError(t, err)
		assert.Equal(t, http.StatusRequestEntityTooLarge, status)
		assert.Equal(t, "too large\n", body)
	}
}

func TestSend_SaysWhatWasNotSent(t *testing.T) {
	url := serve(t, echo)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	no := errors.New("no")
	for name, c := range map[string]struct {
		ctx  context.Context
		url  string
		o    upstream.Options
		r    upstream.Request
		says string
	}{
		"no server listens":    {t.Context(), "http://" + closed(t), upstream.Options{}, upstream.Request{}, "refused"},
		"it is over":           {cancelled, url, upstream.Options{}, upstream.Request{}, "canceled"},
		"a guard says no":      {t.Context(), url, upstream.Options{Guard: func(string) error { return no }}, upstream.Request{}, "no"},
		"a value of two lines": {t.Context(), url, upstream.Options{}, upstream.Request{Header: upstream.Header{{Name: "A", Value: "b\r\nC: d"}}}, "header A"},
		"no body to open":      {t.Context(), url, upstream.Options{}, upstream.Request{Open: func() (io.Reader, error) { return nil, no }}, "no"},
	} {
		t.Run(name, func(t *testing.T) {
			c.r.Path = "/run"
			_, err := pool(t, c.url, c.o).Send(c.ctx, &c.r)
			assert.ErrorIs(t, err, upstream.ErrNotSent)
			assert.ErrorContains(t, err, c.says)
		})
	}
}

// closed returns an address that no process listens on.
func closed(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	return ln.Addr().String()
}

func TestSend_BodyThatDoesNotComeIsNotWaitedFor(t *testing.T) {
	p := pool(t, serve(t, echo), upstream.Options{})
	for name, src := range map[string]io.Reader{"short": strings.NewReader("abc"), "broken": io.MultiReader(strings.NewReader("abc"), broken{})} {
		_, err := p.Send(t.Context(), &upstream.Request{Path: "/run", Size: 10, Open: func() (io.Reader, error) { return src, nil }})
		assert.Error(t, err, name)
		assert.NotErrorIs(t, err, upstream.ErrNotSent, name)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestSend_EndsWithItsContext(t *testing.T) {
	arrived := make(chan struct{}, 1)
	p := pool(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // net/http looks for the caller's end from then on
		if r.URL.Path == "/run" {
			w.(http.Flusher).Flush()
		}
		arrived <- struct{}{}
		<-r.Context().Done()
	}), upstream.Options{})
	for _, path := range []string{"/init", "/run"} { // before the head, and after it
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-arrived; cancel() }()
		resp, err := p.Send(ctx, &upstream.Request{Path: path, Body: []byte("{}")})
		if err == nil {
			_, err = io.ReadAll(resp)
			_ = resp.Close()
		}
		assert.Error(t, err)
		assert.NotErrorIs(t, err, upstream.ErrNotSent)
		assert.Zero(t, p.Idle())
		cancel()
	}
}

func TestResponse_WithinBoundsTheRest(t *testing.T) {
	p := pool(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "abc")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}), upstream.Options{})
	resp, err := p.Send(t.Context(), &upstream.Request{Path: "/run"})
	require.NoError(t, err)
	_, err = io.ReadFull(resp, make([]byte, 3))
	require.NoError(t, err)
	resp.Within(time.Millisecond)
	_, err = resp.Read(make([]byte, 1))
	assert.Error(t, err)
	require.NoError(t, resp.Close())
	assert.Zero(t, p.Idle())
	_, err = resp.Read(make([]byte, 1))
	assert.Error(t, err, "closed")
}

func TestSend_OverTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(echo))
	defer s.Close()
	trusting := &tls.Config{RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	p := pool(t, s.URL, upstream.Options{TLS: trusting})
	for range 2 {
		_, body, err := exchange(t, p, &upstream.Request{Path: "/run", Body: []byte("abc")})
		require.NoError(t, err)
		assert.Equal(t, "abc", body)
		assert.Equal(t, 1, p.Idle())
	}
	_, _, err := exchange(t, pool(t, s.URL, upstream.Options{}), &upstream.Request{Path: "/run"})
	assert.ErrorIs(t, err, upstream.ErrNotSent, "a certificate that is not trusted")
}

func TestConn_IsStaleOnceTheOtherSideEndsItOrSpeaksUnasked(t *testing.T) {
	for name, act := range map[string]func(net.Conn){
		"closed": func(c net.Conn) { _ = c.Close() },
		"reset":  func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0); _ = c.Close() },
		"spoken": func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 408 Request Timeout\r\n") },
	} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer ln.Close()
			near, err := net.Dial("tcp", ln.Addr().String())
			require.NoError(t, err)
			far, err := ln.Accept()
			require.NoError(t, err)
			defer far.Close()
			assert.False(t, upstream.Stale(near))
			act(far)
			eventually(t, func() bool { return upstream.Stale(near) })
			require.NoError(t, near.Close())
			assert.True(t, upstream.Stale(near), "closed on this side")
		})
	}
}

func TestSend_AsksWithoutABody(t *testing.T) {
	p := pool(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" "+r.Header.Get("Content-Length"))
	}), upstream.Options{})
	for range 2 { // over one connection
		_, body, err := exchange(t, p, &upstream.Request{Get: true, Path: "/readyz"})
		require.NoError(t, err)
		assert.Equal(t, "GET /readyz ", body)
		assert.Equal(t, 1, p.Idle())
	}
}

// plain is a connection that is no socket.
type plain struct{ net.Conn }

func TestSend_OverConnectionsOfAnotherKind(t *testing.T) {
	url, dialled := serve(t, echo), 0
	p := pool(t, "http://nowhere.invalid", upstream.Options{Dial: func(ctx context.Context) (net.Conn, error) {
		if dialled++; dialled > 2 {
			return nil, errors.New("no more")
		}
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(url, "http://"))
		return plain{conn}, err
	}})
	for range 3 {
		_, body, err := exchange(t, p, &upstream.Request{Path: "/run", Body: []byte("abc")})
		require.NoError(t, err)
		assert.Equal(t, "abc", body)
		assert.Equal(t, 1, dialled)
	}
	p.CloseIdle()
	_, _, err := exchange(t, p, &upstream.Request{Path: "/run"})
	require.NoError(t, err)
	p.CloseIdle()
	_, _, err = exchange(t, p, &upstream.Request{Path: "/run"})
	assert.ErrorIs(t, err, upstream.ErrNotSent)
	assert.ErrorContains(t, err, "no more")
}

func TestConn_ThatIsNoSocketIsStaleOnceTheOtherSideEndsIt(t *testing.T) {
	near, far := net.Pipe()
	assert.False(t, upstream.Stale(near))
	assert.False(t, upstream.Stale(near), "it was only looked at")
	require.NoError(t, far.Close())
	assert.True(t, upstream.Stale(near))
	near, _ = net.Pipe()
	require.NoError(t, near.Close())
	assert.True(t, upstream.Stale(near), "closed on this side")
}
