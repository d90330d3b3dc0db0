package tunnel_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/tunnel"
	"github.com/whiskaway/whiskaway/internal/web"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// What front hands to net/http works through a tunnel too, over one connection.
func TestTunnel_CarriesAllOfHTTP(t *testing.T) {
	b, s, _ := pair(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method+" "+r.URL.String())
	})
	dialled := 0
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		dialled++
		return b.Dialer(s.id)(ctx)
	}}
	defer transport.CloseIdleConnections()
	for range 3 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://server/functions?a=b", nil)
		require.NoError(t, err)
		resp, err := transport.RoundTrip(req)
		require.NoError(t, err)
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, "GET /functions?a=b", string(text))
	}
	assert.Equal(t, 1, dialled)
}

// A service's routes may be in front of a hub.
func TestHub_BehindAServicesRoutes(t *testing.T) {
	hub := &tunnel.Hub{}
	e := web.New(zap.NewNop())
	e.GET(runtimespec.PathTunnel, echo.WrapHandler(hub))
	ln := listen(t)
	serve(t, ln, e)
	t.Cleanup(hub.Close)
	b := &balancer{Hub: hub}
	s := newServer(t, &url.URL{Scheme: "http", Host: ln.Addr().String()}, echoed)
	b.wait(t, s)
	assertEcho(t, b.pool(t, s), large)
}
