package loadbalancer_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// arguments are a run's request of so many bytes.
func arguments(size int) string {
	const around = `{"value":""}`
	return around[:10] + strings.Repeat("x", size-len(around)) + around[10:]
}

// What AI functions are called with passes, and as much comes back.
func TestRun_ABodyOf32MiBPasses(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	f := newTarget(small)
	r.mustInit(f)
	body := arguments(32 << 20)
	a := r.post(runtimespec.PathRun, f.header(), body)
	require.Equal(t, http.StatusOK, a.status, "%.200s %v", a.body, a.err)
	assert.True(t, a.body == body, "the fake echoes it")
}

// Whoever sends a body that is too large before it looks at the answer is told
// which setting it met.
func TestBalancer_ABodyThatIsTooLargeIsToldByWhichSetting(t *testing.T) {
	r := before(t, loadbalancer.Config{}, newFake(t))
	f := newTarget(small)
	for path, flag := range map[string]string{runtimespec.PathRun: "--max-run-body", runtimespec.PathInit: "--max-init-body"} {
		size := 40 << 20
		if path == runtimespec.PathInit {
			size = 80 << 20
		}
		for _, chunked := range []bool{false, true} {
			conn := r.dial()
			fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: a\r\n%s", path, lines(f.header()))
			if chunked {
				fmt.Fprintf(conn, "Transfer-Encoding: chunked\r\n\r\n%x\r\n", size)
			} else {
				fmt.Fprintf(conn, "Content-Length: %d\r\n\r\n", size)
			}
			_, err := conn.Write(make([]byte, size))
			require.NoError(t, err)
			if chunked {
				_, _ = io.WriteString(conn, "\r\n0\r\n\r\n")
			}
			text, err := io.ReadAll(conn)
			require.NoError(t, err)
			assert.True(t, strings.HasPrefix(string(text), "HTTP/1.1 413 "), "%.100s", text)
			assert.Contains(t, string(text), flag)
			_ = conn.Close()
		}
	}
}

func (r *rig) dial() net.Conn {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.Addr())
	require.NoError(r.t, err)
	r.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func lines(h http.Header) string {
	var b strings.Builder
	_ = h.Write(&b)
	return b.String()
}

// A tenant whose callers send slowly leaves as much memory as it has.
func TestBalancer_ATenantLeavesMemoryForOthersBodies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(path, []byte("token-of-one-tenant one\ntoken-of-the-other other\n"), 0o600))
	own := filepath.Join(t.TempDir(), "own")
	require.NoError(t, os.WriteFile(own, []byte("token-for-the-servers\n"), 0o600))
	r := newRig(t, loadbalancer.Config{BodyMemory: 1 << 20, TokenFile: path, ServersTokenFile: own, QueueWait: 50 * time.Millisecond}, "http://127.0.0.1:1")
	f := newTarget(small)
	send := func(token string, size int) got {
		r.token = token
		return r.post(runtimespec.PathRun, f.header(), arguments(size))
	}
	slow := func() net.Conn {
		conn := r.dial()
		fmt.Fprintf(conn, "POST /run HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer token-of-one-tenant\r\n%sContent-Length: 400000\r\n\r\n{", lines(f.header()))
		return conn
	}
	const unknown = runtimespec.UnknownFunction // it was read, and got that far
	held := slow()
	r.eventually(func() bool { return send("token-of-one-tenant", 400_000).reason == runtimespec.Saturated })
	a := send("token-of-one-tenant", 400_000)
	assert.Equal(t, runtimespec.Saturated, a.reason)
	assert.Contains(t, a.body, "--body-memory")
	assert.Equal(t, unknown, send("token-of-the-other", 400_000).reason)
	require.NoError(t, held.Close())
	r.eventually(func() bool { return send("token-of-one-tenant", 400_000).reason == unknown })
}

// A body weighs nothing any more once a server has all of it: runs that take
// long, and bodies whose size was not said, leave room for others.
func TestRun_WhatAServerHasReceivedNeedsNoMemory(t *testing.T) {
	s := newFake(t)
	end := make(chan struct{})
	began := make(chan struct{}, 8)
	s.on(runtimespec.PathRun, func(f *fake, w http.ResponseWriter, in request) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		began <- struct{}{}
		hang(end)(f, w, request{done: in.done, body: "{}"})
	})
	r := before(t, loadbalancer.Config{BodyMemory: 1 << 20, MaxRunBody: 900 << 10, QueueWait: time.Minute}, s)
	f := newTarget(small)
	r.mustInit(f)
	var answers []<-chan got
	for i := range 4 {
		header := f.header()
		if i%2 == 1 {
			header.Set("Transfer-Encoding", "chunked")
		}
		answers = append(answers, async(func() got { return r.post(runtimespec.PathRun, header, arguments(800<<10)) }))
		wait(t, began)
	}
	close(end)
	for _, a := range answers {
		assert.Equal(t, http.StatusOK, wait(t, a).status)
	}
}
