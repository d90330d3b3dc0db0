package servermode_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

const ready = "WHISKAWAY_HTTP_READY"

func TestHTTP_IsReadyBeforeTheInitAnswers(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	for name, env := range map[string]map[string]string{
		"":       nil,
		"slow":   nil,
		"loads":  {ready: "/health"}, // 503 twice, then 200
		"single": {ready: "/health"},
	} {
		f, _ := newWeb(name, env)
		r.mustInit(f)
		a := r.run(f, "", `"pid"`)
		assert.Equal(t, http.StatusOK, a.status, a.body)
		assert.Equal(t, "loading\n", a.stdout, "what it printed until it was ready goes to the first run")
		if env != nil {
			assert.Contains(t, a.body, `"asked": 3`)
		}
	}
}

func TestHTTP_NeverReady(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	for _, c := range []struct{ mode, path, says string }{
		{"never", "", "nothing listens on 127.0.0.1:"},
		{"sick", "/health", "answered 503 Service Unavailable"},
		{"", "/wrong", "answered 404 Not Found"},
		{"stuck", "/health", "gave no answer"},
		{"elsewhere", "", "nothing listens on 127.0.0.1:"},
	} {
		t.Run(c.mode+c.path, func(t *testing.T) {
			t.Parallel()
			f, mark := newWeb(c.mode, map[string]string{ready: c.path})
			a := r.initFrames(f, "2500")
			assert.Equal(t, runtimespec.TimedOut, a.reason, a.body)
			assert.Contains(t, a.body, "the action's web server was not ready in time")
			assert.Contains(t, a.body, c.says)
			assert.Contains(t, a.body, "127.0.0.1:")
			assert.Equal(t, "loading\n", a.stdout)
			if c.mode == "elsewhere" && os.Getuid() == 0 {
				assert.Regexp(t, `^nothing listens on 127.0.0.1:\d+; the action listens on 127.0.0.1:\d+ instead: waiting for it to listen on the port in PORT\n$`, a.stderr)
				assert.Regexp(t, `; the action listens on 127.0.0.1:\d+ instead`, a.body)
			}
			r.nothingLeft(t, mark)
		})
	}
}

func TestHTTP_FailsAtOnce(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	for mode, says := range map[string]string{
		"exits":   "cannot start action: command exited",
		"exposed": "cannot start action: its web server cannot be used: it listens on 0.0.0.0:",
	} {
		f, mark := newWeb(mode, nil)
		a := r.initFrames(f, "")
		assert.Equal(t, runtimespec.InitFailed, a.reason, a.body)
		assert.Contains(t, a.body, says)
		assert.Equal(t, "loading\n", a.stdout)
		if mode == "exits" {
			assert.Equal(t, "no model\n", a.stderr)
		}
		r.nothingLeft(t, mark)
	}
}

// A server that takes localhost for ::1 listens where it should.
func TestHTTP_ListensOnTheOtherLoopback(t *testing.T) {
	harness.Needs(t, "python3")
	if l, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Skip("this host has no IPv6: ", err)
	} else {
		_ = l.Close()
	}
	r := newRig(t, servermode.Config{})
	for _, path := range []string{"", "/health"} {
		f, mark := newWeb("six", map[string]string{ready: path})
		a := r.initFrames(f, "20000")
		require.Equal(t, http.StatusOK, a.status, a.body)
		assert.Equal(t, `{"n":1}`, r.run(f, "", `{"n":1}`).body)
		r.stop(f)
		r.nothingLeft(t, mark)
	}
}

// A likely cause is told at once, in the init's log, and not only at the init's
// limit.
func TestHTTP_WhatIsWrongIsSaidWhileItIsWaitedFor(t *testing.T) {
	harness.Needs(t, "python3")
	if os.Getuid() != 0 {
		t.Skip("functions that share a user are not told apart")
	}
	r := newRig(t, servermode.Config{})
	f, mark := newWeb("elsewhere", nil)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	h := f.header()
	h.Set("Accept", runtimespec.MediaFrames)
	resp, err := r.request(ctx, http.MethodPost, runtimespec.PathInit, h, f.body(true))
	require.NoError(t, err)
	defer resp.Body.Close()
	frame, err := runtimespec.NewFrameReader(resp.Body, 1<<20).Next()
	require.NoError(t, err, "long before the init's limit, which is 5 minutes")
	assert.Equal(t, runtimespec.Stderr, frame.Stream)
	assert.Contains(t, string(frame.Payload), "the action listens on 127.0.0.1:")
	leave()
	r.nothingLeft(t, mark)
}

func TestHTTP_PathsAreChecked(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	for _, path := range []string{"health", "http://example.com/", "//example.com/", "/a b", "/a\r\nX: 1", "/#"} {
		f, mark := newWeb("", map[string]string{ready: path})
		a := r.init(f)
		assert.Equal(t, runtimespec.InitFailed, a.reason, path)
		assert.Contains(t, a.body, "WHISKAWAY_HTTP_READY must be a path")
		assert.Zero(t, marked(mark), "nothing was started")
	}
	f, _ := newWeb("", nil)
	f.spec.Main = "/a b"
	assert.Contains(t, r.init(f).body, "main must be a path")
}

func TestHTTP_InitEndsWhenTheCallerHangsUp(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	f, mark := newWeb("never", nil)
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	done := make(chan error, 1)
	go func() {
		resp, err := r.request(ctx, http.MethodPost, runtimespec.PathInit, f.header(), f.body(true))
		if err == nil {
			_ = resp.Body.Close()
		}
		done <- err
	}()
	r.eventually(func() bool { return marked(mark) >= 2 })
	hangUp()
	require.Error(t, <-done)
	r.nothingLeft(t, mark)
}
