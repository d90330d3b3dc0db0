package loadbalancer_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// writing is a fake's answer to an init in frames: each that comes is sent at
// once.
func writing(frames <-chan string) script {
	return func(_ *fake, w http.ResponseWriter, _ request) {
		w.Header().Set("Content-Type", runtimespec.MediaFrames)
		for text := range frames {
			_, _ = io.WriteString(w, text)
			w.(http.Flusher).Flush()
		}
	}
}

func logged(text string) string {
	return string(runtimespec.AppendLog(nil, runtimespec.Stdout, []byte(text)))
}

// ended are the last frames of an answer; cause is empty where it is no failure.
func ended(cause runtimespec.Reason, status int, result string) string {
	var out []byte
	if cause != "" {
		out = runtimespec.AppendFrame(out, runtimespec.Cause, 0, []byte(cause))
	}
	return string(runtimespec.AppendFrame(out, runtimespec.Result, status, []byte(result)))
}

// open sends an init that wants frames, and returns when its head is there.
func (r *rig) open(f target) <-chan *http.Response {
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, "http://"+r.Addr()+runtimespec.PathInit, strings.NewReader(f.body(true)))
	require.NoError(r.t, err)
	req.Header = f.header("Accept", runtimespec.MediaFrames)
	return async(func() *http.Response {
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if assert.NoError(r.t, err) {
			r.t.Cleanup(func() { _ = resp.Body.Close() })
		}
		return resp
	})
}

// read reads that text, which has to come before anything else does.
func (r *rig) read(resp *http.Response, text string) {
	r.t.Helper()
	require.Equal(r.t, text, wait(r.t, async(func() string {
		buf := make([]byte, len(text))
		n, _ := io.ReadFull(resp.Body, buf)
		return string(buf[:n])
	})))
}

// begun is a balancer and its only server, and an init there that goes on; the
// answer has begun, because something was written.
func begun(t *testing.T) (r *rig, s *fake, f target, frames chan string, resp *http.Response) {
	t.Helper()
	s, f, frames = newFake(t), newTarget(small), make(chan string)
	r = before(t, loadbalancer.Config{}, s)
	s.on(runtimespec.PathInit, writing(frames))
	head := r.open(f)
	frames <- logged("loading\n")
	return r, s, f, frames, wait(t, head)
}

// A model that loads for a minute says so while it does.
func TestInit_LogsArePassedOnAsTheyCome(t *testing.T) {
	r, s, f, frames, resp := begun(t)
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, runtimespec.MediaFrames, resp.Header.Get("Content-Type"))
	assert.Equal(t, s.id, resp.Header.Get(runtimespec.HeaderServer))
	r.read(resp, logged("loading\n"))

	other, run := async(func() got { return r.init(f.another()) }), async(func() got { return r.run(f, "a1") })
	for _, text := range []string{"half of it\n", "all of it\n"} {
		frames <- logged(text)
		r.read(resp, logged(text))
	}
	frames <- ended("", 200, `{"ok":true}`)
	close(frames)
	r.read(resp, ended("", 200, `{"ok":true}`))
	rest, err := io.ReadAll(resp.Body)
	assert.NoError(t, err)
	assert.Empty(t, rest)
	assert.JSONEq(t, `{"ok":true}`, wait(t, other).body, "logs are the first caller's")
	assert.Equal(t, http.StatusOK, wait(t, run).status)
	assert.Equal(t, 1, s.count(runtimespec.PathInit))
}

// What becomes of an init of which something was passed on already.
func TestInit_ThatHasWrittenEndsInFrames(t *testing.T) {
	for name, c := range map[string]struct {
		frames string // behind the log
		status int
		reason runtimespec.Reason
	}{
		"the action's fault":     {ended(runtimespec.InitFailed, 502, `{"error":"no"}`), 502, runtimespec.InitFailed},
		"no server can":          {ended(runtimespec.StartFailed, 503, `{"error":"no"}`), 503, runtimespec.StartFailed},
		"it breaks off":          {"\x01\x00", 503, runtimespec.StartFailed},
		"bytes behind its end":   {ended("", 200, `{"ok":true}`) + "x", 503, runtimespec.StartFailed},
		"a frame of 4 GiB":       {"\x01\x00\x00\x00\xff\xff\xff\xff", 503, runtimespec.StartFailed},
		"a result of 4 GiB":      {"\x03\x00\x00\xc8\xff\xff\xff\xff", 503, runtimespec.StartFailed},
		"a stream that is none":  {"\x09\x00\x00\x00\x00\x00\x00\x00", 503, runtimespec.StartFailed},
		"a cause, and all right": {ended(runtimespec.InitFailed, 200, `{"ok":true}`), 503, runtimespec.StartFailed},
	} {
		t.Run(name, func(t *testing.T) {
			r, _, f, frames, resp := begun(t)
			frames <- c.frames
			close(frames)
			told := runtimespec.NewFrameReader(resp.Body, 1<<20)
			log, err := told.Next()
			require.NoError(t, err)
			assert.Equal(t, "loading\n", string(log.Payload))
			cause, err := told.Next()
			require.NoError(t, err)
			assert.Equal(t, string(c.reason), string(cause.Payload))
			result, err := told.Next()
			require.NoError(t, err)
			assert.Equal(t, c.status, result.Status)
			assert.Contains(t, string(result.Payload), `{"error":`)
			_, err = told.Next()
			assert.ErrorIs(t, err, io.EOF)
			assert.Equal(t, runtimespec.UnknownFunction, r.run(f.unlike(), "a1").reason, "it is well")
		})
	}
}

// Logs of who could not are followed by those of who can.
func TestInit_ThatHasWrittenGoesElsewhere(t *testing.T) {
	one, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, one, other)
	frames := make(chan string)
	turns := make(chan script, 2)
	turns <- writing(frames)
	turns <- ok
	for _, s := range []*fake{one, other} {
		s.on(runtimespec.PathInit, func(f *fake, w http.ResponseWriter, in request) { (<-turns)(f, w, in) })
	}
	f := newTarget(small)
	head := r.open(f)
	frames <- logged("loading\n")
	resp := wait(t, head)
	frames <- ended(runtimespec.StartFailed, 503, `{"error":"no room"}`)
	close(frames)
	r.read(resp, logged("loading\n")+ended("", 200, `{"ok":true}`))
	assert.Equal(t, 1, one.count(runtimespec.PathInit))
	assert.Equal(t, 1, other.count(runtimespec.PathInit))
	r.mustRun(f)
}

// Who began an init and left has not ended it, and who comes then is told what
// comes then.
func TestInit_GoesOnWithoutWhoBeganIt(t *testing.T) {
	r, s, f, frames, resp := begun(t)
	_ = resp.Body.Close()
	other := async(func() got { return r.init(f.another()) })
	frames <- logged("loaded\n")
	frames <- ended("", 200, `{"ok":true}`)
	close(frames)
	assert.Equal(t, http.StatusOK, wait(t, other).status)
	r.mustRun(f)
	assert.Equal(t, 1, s.count(runtimespec.PathInit))
}
