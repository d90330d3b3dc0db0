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
	r := newRig(t, loadbalancer.Config{BodyMemory: 10 << 20, TokenFile: path, ServersTokenFile: own, QueueWait: 50 * time.Millisecond}, "http://127.0.0.1:1")
	f := newTarget(small)
	send := func(token string, size int) got {
		r.token = token
		return r.post(runtimespec.PathRun, f.header(), arguments(size))
	}
	slow := func() net.Conn {
		conn := r.dial()
		fmt.Fprintf(conn, "POST /run HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer token-of-one-tenant\r\n%sContent-Length: 4000000\r\n\r\n{", lines(f.header()))
		return conn
	}
	const unknown = runtimespec.UnknownFunction // it was read, and got that far
	held := slow()
	r.eventually(func() bool { return send("token-of-one-tenant", 4_000_000).reason == runtimespec.Saturated })
	a := send("token-of-one-tenant", 4_000_000)
	assert.Equal(t, runtimespec.Saturated, a.reason)
	assert.Contains(t, a.body, "--body-memory")
	assert.Equal(t, unknown, send("token-of-the-other", 4_000_000).reason)
	require.NoError(t, held.Close())
	r.eventually(func() bool { return send("token-of-one-tenant", 4_000_000).reason == unknown })
}

// A body weighs nothing any more once a server has all of it: runs that take
// long or are asked for again, and bodies whose size was not said, leave room for
// others.
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
	r := before(t, loadbalancer.Config{BodyMemory: 4 << 20, MaxRunBody: 3600 << 10, QueueWait: time.Minute}, s)
	f := newTarget(small)
	r.mustInit(f)
	var answers []<-chan got
	for i := range 6 {
		header := f.header()
		if i%2 == 1 {
			header.Set("Transfer-Encoding", "chunked")
		}
		if i >= 3 {
			header.Set(runtimespec.HeaderServer, s.id)
		}
		answers = append(answers, async(func() got { return r.post(runtimespec.PathRun, header, arguments(3200<<10)) }))
		wait(t, began)
	}
	close(end)
	for _, a := range answers {
		assert.Equal(t, http.StatusOK, wait(t, a).status)
	}
}

// slowly begins to send a request of so many bytes, and no more.
func (r *rig) slowly(path string, f target, size int) net.Conn {
	conn := r.dial()
	token := ""
	if r.token != "" {
		token = "Authorization: Bearer " + r.token + "\r\n"
	}
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: a\r\n%s%sContent-Length: %d\r\n\r\n{", path, token, lines(f.header()), size)
	return conn
}

// Inits that come slowly stand in no run's way: they have half of the memory, and
// a line of their own.
func TestBalancer_SlowInitsLeaveMemoryForRuns(t *testing.T) {
	r := before(t, loadbalancer.Config{BodyMemory: 8 << 20, QueueWait: time.Minute}, newFake(t))
	f := newTarget(small)
	r.mustInit(f)
	for range 4 { // one has memory, three wait
		r.slowly(runtimespec.PathInit, f, 3<<20)
	}
	r.shows("whiskaway_balancer_in_flight 4")
	for range 3 {
		a := r.post(runtimespec.PathRun, f.header(), arguments(4<<20))
		require.Equal(t, http.StatusOK, a.status, "%s %v", a.body, a.err)
	}
	r.shows("whiskaway_balancer_in_flight 4")
}

// An init waits for memory no longer than a run does, and a run of 1 MiB does not
// wait at all.
func TestBalancer_AnInitThatFindsNoMemoryIsRefusedInTime(t *testing.T) {
	r := before(t, loadbalancer.Config{BodyMemory: 1 << 20, QueueWait: 50 * time.Millisecond}, newFake(t))
	f := newTarget(small)
	r.mustInit(f)
	r.slowly(runtimespec.PathInit, f, 500<<10)
	r.shows("whiskaway_balancer_in_flight 1")
	large := newTarget(strings.Repeat("#", 500<<10))
	r.eventually(func() bool { return r.init(large).reason == runtimespec.Saturated })
	assert.Contains(t, r.init(large).body, "--body-memory")
	a := r.post(runtimespec.PathRun, f.header(), arguments(1<<20))
	assert.Equal(t, http.StatusOK, a.status, "%s %v", a.body, a.err)
}

// The tenant whose init holds much of the inits' memory waits; another's passes.
func TestBalancer_ATenantLeavesMemoryForOthersInits(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(tokens, []byte("token-of-one-tenant one\ntoken-of-the-other other\n"), 0o600))
	own := filepath.Join(t.TempDir(), "own")
	require.NoError(t, os.WriteFile(own, []byte("token-for-the-servers\n"), 0o600))
	s := newFake(t)
	r := newRig(t, loadbalancer.Config{BodyMemory: 4 << 20, TokenFile: tokens, ServersTokenFile: own, QueueWait: 50 * time.Millisecond}, s.URL)
	f := newTarget(strings.Repeat("#", 900<<10))
	init := func(token string) got {
		r.token = token
		return r.init(f)
	}
	r.token = "token-of-one-tenant"
	r.slowly(runtimespec.PathInit, f, 1_000_000)
	r.eventually(func() bool { return init("token-of-one-tenant").reason == runtimespec.Saturated })
	a := init("token-of-the-other")
	assert.Equal(t, http.StatusOK, a.status, "%s %v", a.body, a.err)
}
