package clientmode_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Only the operator knows where the servers are. Whatever fails, an author's
// record has the name that the operator gives the servers, and the operator's
// log the address.
func TestNames_NoAddressReachesAnAuthor(t *testing.T) {
	proxy := raw("HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 28\r\n\r\nno route to http://127.0.0.1")
	for name, c := range map[string]script{
		"closed": raw(""), "reset": reset, "garbage": raw("SSH at 127.0.0.1\r\n"), "a proxy's error": proxy, "cut": cutShort,
		"frozen": func(_ http.ResponseWriter, r request) { <-r.done }, "no frames": raw(head + "\r\n<html>127.0.0.1</html>"),
	} {
		t.Run(name, func(t *testing.T) {
			core, seen := observer.New(zapcore.InfoLevel)
			f := newFake(t, map[string]script{"/run": c})
			r := ready(t, f, clientmode.Config{Limit: 300 * time.Millisecond, UpstreamName: "the lab's GPUs", Log: zap.New(core)})
			bodies := r.post("/run", runBody("a")).Body
			f.close()
			bodies += r.post("/run", runBody("b")).Body
			assert.NotContains(t, bodies+r.stdout.String()+r.stderr.String(), "127.0.0.1")
			assert.Contains(t, bodies, "the lab's GPUs cannot be reached, nothing was started: the connection was refused")
			told := fmt.Sprint(seen.FilterMessage("the server failed an action").All())
			assert.Contains(t, told, f.URL)
			assert.Contains(t, told, "connection refused", "the whole error")
		})
	}
}

// An error names the server that the author's action names, but not the address
// that this name leads to.
func TestNames_AnActionsOwnServerIsNamed(t *testing.T) {
	f := newFake(t, nil)
	f.close()
	r := newRig(t, clientmode.Config{UpstreamAllow: []string{"127.0.0.1"}, Limit: 100 * time.Millisecond})
	assert.Contains(t, r.post("/init", initOf("main@"+f.URL, small)).Body, "the server "+f.URL+" cannot be reached")

	r = newRig(t, clientmode.Config{UpstreamAllow: []string{"10.0.0.0/8"}})
	a := r.post("/init", initOf("main@http://localhost:1", small))
	assert.Contains(t, a.Body, "localhost:1")
	assert.NotRegexp(t, `127\.0\.0\.1|::1`, a.Body)
}

// Errors of the network in all their forms.
func TestNames_CausesNameNoAddress(t *testing.T) {
	at := &net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 9000}
	for want, err := range map[string]error{
		"the connection was refused":                               &net.OpError{Op: "dial", Net: "tcp", Addr: at, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		"there is no route to it":                                  &net.OpError{Op: "dial", Net: "tcp", Addr: at, Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)},
		"it did not answer in time":                                &net.OpError{Op: "dial", Net: "tcp", Addr: at, Err: os.ErrDeadlineExceeded},
		"the connection was reset":                                 &net.OpError{Op: "read", Net: "tcp", Source: at, Addr: at, Err: syscall.ECONNRESET},
		"its host name is not known":                               &net.DNSError{Name: "gpu.10.1.2.3", Server: "10.1.2.3:53", IsNotFound: true},
		"its host name cannot be looked up":                        &net.DNSError{Name: "gpu.10.1.2.3", Server: "10.1.2.3:53"},
		"the connection failed":                                    errors.New("something about 10.1.2.3"),
		"it refused the TLS handshake: the client's log says why":  &net.OpError{Op: "remote error", Net: "tcp", Addr: at, Err: tls.AlertError(40)},
		"the answer ended without its result":                      fmt.Errorf("%w: %w", runtimespec.ErrTruncated, &net.OpError{Op: "read", Addr: at, Err: syscall.ECONNRESET}),
		"the connection was closed before the answer was complete": fmt.Errorf("10.1.2.3: %w", io.ErrUnexpectedEOF),
		"malformed frame: status 7 outside a result":               fmt.Errorf("at 10.1.2.3: %w: status 7 outside a result", runtimespec.ErrFrame),
		"it answered saturated":                                    clientmode.Answered(runtimespec.Saturated),
	} {
		got := clientmode.Cause(fmt.Errorf("attempt: %w", err))
		assert.Equal(t, want, got)
		assert.NotContains(t, got, "10.1.2.3")
	}
	assert.False(t, clientmode.Certain(&net.OpError{Op: "remote error", Err: tls.AlertError(80)}), "an internal error may pass")
}

// What the platform answers 503 to an init it drops without a record; a run it
// starts once more.
func TestUnavailable_IsForRunsOnly(t *testing.T) {
	f := newFake(t, map[string]script{"/init": refuse(runtimespec.Saturated), "/run": refuse(runtimespec.Saturated)})
	r := newRig(t, clientmode.Config{Upstream: f.URL, Unavailable: true, Limit: 200 * time.Millisecond})
	a := r.post("/init", initBody(small))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Equal(t, `{"error":"saturated it is"}`, a.Body)
	f.on("/init", ok)
	require.Equal(t, http.StatusOK, r.post("/init", initBody(small)).Status)
	assert.Equal(t, http.StatusServiceUnavailable, r.post("/run", runBody("a")).Status)
	f.close()
	assert.Equal(t, http.StatusServiceUnavailable, r.post("/run", runBody("b")).Status)
	r = newRig(t, clientmode.Config{Upstream: f.URL, Unavailable: true, Limit: 200 * time.Millisecond})
	assert.Equal(t, http.StatusBadGateway, r.post("/init", initBody(small)).Status, "the server is away")
}
