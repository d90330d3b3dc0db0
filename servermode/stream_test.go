package servermode_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

func TestServer_LogsAreLiveAndTheHeadComesFirst(t *testing.T) {
	r := newRig(t, servermode.Config{})
	gate := filepath.Join(harness.OpenDir(t), "gate")
	f := newTarget("native", "#!/bin/bash\nwhile read -r line; do echo started; until [ -e "+gate+" ]; do sleep 0.01; done; echo '{}' >&3; done\n", nil)
	r.mustInit(f)
	resp, err := r.request(t.Context(), http.MethodPost, runtimespec.PathRun, runHeader(f, "a"), []byte(`{}`))
	require.NoError(t, err, "the head is there although the run has not ended")
	assert.NotEmpty(t, resp.Header.Get(runtimespec.HeaderServer))
	frames := runtimespec.NewFrameReader(resp.Body, 1<<20)
	frame, err := frames.Next()
	require.NoError(t, err)
	assert.Equal(t, "started\n", string(frame.Payload))
	require.NoError(t, os.WriteFile(gate, nil, 0o644))
	frame, err = frames.Next()
	require.NoError(t, err)
	assert.Equal(t, runtimespec.Result, frame.Stream)
	require.NoError(t, resp.Body.Close())
}

func TestServer_QuickAnswerHasALength(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	r.eventually(func() bool { // a busy machine may take more than 5 ms for one of them
		resp, err := r.request(t.Context(), http.MethodPost, runtimespec.PathRun, runHeader(f, ""), []byte(`{}`))
		require.NoError(t, err)
		defer resp.Body.Close()
		return resp.ContentLength == runtimespec.FrameHeader+2
	})
}

func TestServer_LogFloodIsTruncatedAndDoesNotBlock(t *testing.T) {
	r := newRig(t, servermode.Config{MaxLog: 1 << 20})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	a := r.run(f, "", `"flood"`)
	assert.Equal(t, `{}`, a.body)
	head, note := a.stdout[:1<<20], a.stdout[1<<20:]
	assert.Equal(t, strings.Repeat("\n", 1<<20), head)
	assert.Contains(t, note, "Logs were truncated")
	assert.Equal(t, "out\n", r.run(f, "", `"log"`).stdout, "nothing is left for the next run")
}

func TestServer_TooLargeResultIsAnApplicationError(t *testing.T) {
	r := newRig(t, servermode.Config{MaxResult: 1 << 20})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	pid := pidOf(t, r.run(f, "", `"pid"`))
	a := r.run(f, "", `"big"`)
	assert.Equal(t, http.StatusOK, a.status)
	assert.Contains(t, a.body, "exceeded the allowed length")
	assert.Equal(t, pid, pidOf(t, r.run(f, "", `"pid"`)), "the process did nothing wrong")
}

func TestServer_FailureAfterTheHeadNamesItsReason(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	f := newTarget("python:3", "import time, os\ndef main(args):\n    print('started', flush=True)\n    time.sleep(0.1)\n    os._exit(1)\n", nil)
	r.mustInit(f)
	a := r.run(f, "", `{}`)
	assert.Empty(t, a.header.Get(runtimespec.HeaderReason), "the head was out")
	assert.Equal(t, runtimespec.Crashed, a.reason)
	assert.Equal(t, "started\n", a.stdout)
}

func TestServer_FailedInitBringsItsLogs(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	f := newTarget("python:3", "print('hello')\nimport no_such_module\n", nil)
	h := f.header()
	h.Set("Accept", runtimespec.MediaFrames)
	a := r.send(runtimespec.PathInit, h, f.body(true))
	assert.Equal(t, runtimespec.InitFailed, a.reason)
	assert.Contains(t, a.body, "No module named 'no_such_module'")
	assert.Equal(t, "hello\n", a.stdout)
	assert.Contains(t, a.stderr, "Traceback")
	r.eventually(func() bool { return len(r.functions()) == 0 && len(r.folders()) == 0 })
}
