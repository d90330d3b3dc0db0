package clientmode_test

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/test/harness"
)

// engine plays a container engine: it copies a stream from its pipe into the
// log file, at its own pace.
func engine(t *testing.T, file *harness.Buffer, before, within time.Duration) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 64<<10)
		for {
			time.Sleep(before) // it has others to look after
			n, err := r.Read(buf)
			if err != nil {
				return
			}
			time.Sleep(within) // through its hands
			_, _ = file.Write(buf[:n])
		}
	}()
	t.Cleanup(func() { _ = w.Close(); <-done; _ = r.Close() })
	return w
}

// collectedBy returns a client whose streams an engine collects.
func collectedBy(t *testing.T, f *fake, cfg clientmode.Config, before, within time.Duration) (r *rig, file *harness.Buffer) {
	t.Helper()
	file = &harness.Buffer{}
	cfg.Listen, cfg.Upstream, cfg.Environ = "127.0.0.1:0", f.URL, []string{}
	cfg.Stdout, cfg.Stderr = engine(t, file, before, within), engine(t, file, before, within)
	r = &rig{t: t, Client: clientmode.New(cfg)}
	require.NoError(t, r.Start())
	t.Cleanup(func() { _ = r.Stop(t.Context()) })
	return r, file
}

// failing is a server whose inits and runs fail, and say why in the log.
func failing(w http.ResponseWriter, _ request) {
	result(w, 502, `{"error":"it failed"}`, log(runtimespec.Stdout, "on stdout\n"), log(runtimespec.Stderr, "on stderr\n"),
		runtimespec.AppendFrame(nil, runtimespec.Cause, 0, []byte(runtimespec.BadResult)))
}

// The platform reads the log file as soon as it has the answer to a failure.
func TestLogs_OfAFailureAreCollectedBeforeItIsAnswered(t *testing.T) {
	for name, c := range map[string]struct{ settle, before, within time.Duration }{
		"an engine that takes its time":    {time.Second, 0, 50 * time.Millisecond},
		"an engine that comes for it late": {400 * time.Millisecond, 500 * time.Millisecond, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]script{"/init": failing, "/run": failing})
			r, file := collectedBy(t, f, clientmode.Config{LogSettle: c.settle}, c.before, c.within)
			both := func(from int) {
				t.Helper()
				got := file.String()[from:]
				assert.Contains(t, got, "on stdout\n")
				assert.Contains(t, got, "on stderr\n")
			}
			require.Equal(t, http.StatusBadGateway, r.post("/init", initBody(small)).Status)
			both(0)
			f.on("/init", ok)
			require.Equal(t, http.StatusOK, r.post("/init", initBody(small)).Status)
			before := len(file.String())
			require.Equal(t, http.StatusBadGateway, r.post("/run", runBody("a")).Status)
			both(before)
		})
	}
}

// never is a pause that a test cannot outlive.
const never = time.Hour

func TestLogs_NothingElseWaits(t *testing.T) {
	reached, release := make(chan struct{}, 8), make(chan struct{})
	f := newFake(t, nil)
	r := ready(t, f, clientmode.Config{LogSettle: never, Limit: never})
	assert.Equal(t, http.StatusForbidden, r.post("/init", initBody(small)).Status, "a second init")
	f.on("/run", func(w http.ResponseWriter, r request) { result(w, 200, r.body, log(runtimespec.Stdout, "well\n")) })
	assert.Equal(t, http.StatusOK, r.post("/run", runBody("a")).Status, "the platform waits for the sentinels of a success")
	f.on("/run", refuse(runtimespec.BadResult))
	assert.Equal(t, http.StatusBadGateway, r.post("/run", runBody("b")).Status, "it has no log")
	f.on("/run", held(reached, release, echo))
	one := r.async("/run", runBody("c"))
	wait(t, reached)
	assert.Equal(t, http.StatusForbidden, r.post("/run", runBody("d")).Status, "a run beside another")
	close(release)
	wait(t, one)
	f.on("/run", failing)
	off := ready(t, f, clientmode.Config{LogSettle: -1})
	assert.Equal(t, http.StatusBadGateway, off.post("/run", runBody("e")).Status)
}

// An answer that came too late would lose more than a line.
func TestLogs_ThePauseEndsBeforeTheDeadline(t *testing.T) {
	f := newFake(t, map[string]script{"/run": failing})
	r := ready(t, f, clientmode.Config{LogSettle: never, Limit: 500 * time.Millisecond})
	assert.Equal(t, http.StatusBadGateway, r.post("/run", runBody("a")).Status)
}

// A pipe without a reader delays an answer for a moment only.
func TestLogs_AnEngineThatHangsHoldsNothingUp(t *testing.T) {
	f := newFake(t, map[string]script{"/run": failing})
	pipe, w, err := os.Pipe()
	require.NoError(t, err)
	client := clientmode.New(clientmode.Config{Listen: "127.0.0.1:0", Upstream: f.URL, Environ: []string{}, Stdout: w, Stderr: io.Discard})
	r := &rig{t: t, Client: client}
	require.NoError(t, r.Start())
	t.Cleanup(func() { _ = r.Stop(t.Context()); _ = pipe.Close(); _ = w.Close() })
	require.Equal(t, http.StatusOK, r.post("/init", initBody(small)).Status)
	assert.Equal(t, http.StatusBadGateway, r.post("/run", runBody("a")).Status)
	_ = w.Close()
	text, err := io.ReadAll(pipe)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(text), "on stdout\n"))
}
