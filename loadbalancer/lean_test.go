package loadbalancer_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/test/harness"
)

// swift is a server that answers every POST at once, without allocating, and all
// else as a fake does.
func swift(t *testing.T, f *fake) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	f.mu.Lock()
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nContent-Type: application/json\r\nWhiskaway-Server: " + f.id +
		"\r\nEndpoint-Load-Metrics: TEXT named_metrics.in_flight=0, named_metrics.slots=4, named_metrics.queued=0\r\n\r\n{\"x\":123456}")
	f.mu.Unlock()
	go func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer near.Close()
				buf := make([]byte, 8<<10)
				n, err := harness.ReadMessage(near, buf)
				if !strings.HasPrefix(string(buf[:n]), "POST ") {
					pass(near, buf[:n], f.Listener.Addr().String())
					return
				}
				for err == nil {
					_, _ = near.Write(answer)
					_, err = harness.ReadMessage(near, buf)
				}
			}()
		}
	}()
	return "http://" + ln.Addr().String()
}

// pass hands a connection to another server.
func pass(near net.Conn, read []byte, address string) {
	far, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer far.Close()
	_, _ = far.Write(read)
	go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
	_, _ = io.Copy(near, far)
}

func TestRun_AllocatesLittle(t *testing.T) {
	r := newRig(t, loadbalancer.Config{CheckEvery: 1 << 40}, swift(t, newFake(t)))
	r.identified(1)
	f := newTarget(small)
	r.mustInit(f)
	conn, err := net.Dial("tcp", r.Addr())
	require.NoError(t, err)
	defer conn.Close()
	var head strings.Builder
	h := f.header(runtimespec.HeaderActivation, "0c1f7a2b3d4e4f5a8b9c0d1e2f3a4b5c", runtimespec.HeaderTimeout, "59900", "Accept", runtimespec.MediaFrames)
	h.Del(runtimespec.HeaderCode)
	fmt.Fprintf(&head, "POST /run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 12\r\n")
	for name, values := range h {
		fmt.Fprintf(&head, "%s: %s\r\n", name, values[0])
	}
	request := []byte(head.String() + "\r\n{\"value\":{}}")
	buf, n := make([]byte, 4<<10), 0
	run := func() {
		_, _ = conn.Write(request)
		if n, err = harness.ReadMessage(conn, buf); err != nil || !strings.HasPrefix(string(buf[:15]), "HTTP/1.1 200 OK") {
			t.Fatalf("%s %v", buf[:n], err)
		}
	}
	for range 100 {
		run()
	}
	allocations := harness.Allocations(run)
	t.Logf("%.0f allocations", allocations)
	assert.LessOrEqual(t, allocations, 60.0)
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(buf[:n])), nil)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	assert.NoError(t, err)
	assert.Equal(t, `{"x":123456}`, string(body))
}
