package servermode_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

// overdueRun runs f with a time limit that it exceeds.
func overdueRun(r *rig, f target, limit string) got {
	header := runHeader(f, "")
	header.Set(runtimespec.HeaderTimeout, limit)
	return r.send(runtimespec.PathRun, header, []byte(`{"value":{}}`))
}

// A function may use the stop grace as it likes. Its time was up nevertheless, and
// its author gets what it printed.
func TestServer_OverdueInThePlatformsWords(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{StopGrace: 20 * time.Second})
	var all sync.WaitGroup
	for name, c := range map[string]struct{ kind, code, stdout string }{
		"handles the signal, and exits": {"native", `#!/bin/bash
trap 'echo handled; exit 0' TERM
while read -r line; do echo starts; sleep 1000 & wait; done
`, "starts\nhandled\n"},
		"answers after the signal": {"native", `#!/bin/bash
trap 'echo handled; echo "{}" >&3' TERM
while read -r line; do echo starts; sleep 1000 & wait; sleep 0.1; echo last; exit 0; done
`, "starts\nhandled\nlast\n"},
		"prints until the end of the grace": {"python:3", `
import signal, sys, time
def late(*_):
    for n in range(3):
        print("word", n)
        time.sleep(0.1)
    sys.exit(0)
signal.signal(signal.SIGTERM, late)
def main(args):
    time.sleep(1000)
`, "word 0\nword 1\nword 2\n"},
		"has a moment in Node too": {"nodejs:default", `
process.on("SIGTERM", () => { console.log("handled"); setTimeout(() => { console.log("last"); process.exit(0); }, 100); });
const main = () => new Promise(() => {});
`, "handled\nlast\n"},
	} {
		f := newTarget(c.kind, c.code, nil)
		r.mustInit(f)
		all.Go(func() { // at the same time: each takes all its time, a tenth of which is its grace
			a := overdueRun(r, f, "15000")
			assert.Equal(t, runtimespec.TimedOut, a.reason, name)
			assert.Equal(t, `{"error":"The action exceeded its time limits of 15000 milliseconds."}`, a.body, name)
			assert.Equal(t, c.stdout, a.stdout, name)
		})
	}
	all.Wait()
}

func TestServer_OverdueThatIgnoresTheSignalIsKilled(t *testing.T) {
	r := newRig(t, servermode.Config{StopGrace: time.Hour}) // it gets only a tenth of its time
	f := newTarget("native", "#!/bin/bash\ntrap '' TERM\nwhile read -r line; do echo starts; while :; do sleep 0.05; done; done\n", nil)
	r.mustInit(f)
	a := overdueRun(r, f, "5000")
	assert.Equal(t, runtimespec.TimedOut, a.reason)
	assert.Equal(t, `{"error":"The action exceeded its time limits of 5000 milliseconds."}`, a.body)
	assert.Equal(t, "starts\n", a.stdout)
}

func TestServer_OverdueInitInThePlatformsWords(t *testing.T) {
	r := newRig(t, servermode.Config{NativeGrace: time.Minute})
	f := newTarget("native", "#!/bin/bash\nsleep 1000\n", nil)
	header := f.header()
	header.Set(runtimespec.HeaderTimeout, "1000")
	resp, err := r.request(t.Context(), http.MethodPost, runtimespec.PathInit, header, f.body(true))
	require.NoError(t, err)
	a := r.read(resp)
	assert.Equal(t, runtimespec.TimedOut, a.reason)
	assert.Equal(t, `{"error":"The action exceeded its time limits of 1000 milliseconds during initialization."}`, a.body)
}
