package servermode_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

const dying = `import os, signal
def main(args):
    if "status" in args:
        os._exit(args["status"])
    if "signal" in args:
        os.kill(os.getpid(), args["signal"])
    if "bytes" in args:
        if args.get("default"):
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        with open(os.environ["TMPDIR"] + "/model", "wb") as model:
            model.truncate(args["bytes"])
    return {}
`

// A forked and an executed process both report how they end.
func TestCauses_HowAProcessEndedIsTold(t *testing.T) {
	harness.Needs(t, "python3")
	for _, alone := range []bool{false, true} {
		r := newRig(t, servermode.Config{NoFork: alone})
		f := newTarget("python:3", dying, nil)
		r.mustInit(f)
		for value, says := range map[string]string{
			`{"status":7}`:  "command exited: exit status 7",
			`{"signal":11}`: "command exited: killed by signal 11 (SIGSEGV)",
			`{"signal":9}`:  "command exited: killed by signal 9 (SIGKILL)",
		} {
			a := r.run(f, "", value)
			assert.Equal(t, runtimespec.Crashed, a.reason)
			assert.JSONEq(t, `{"error":"`+says+`"}`, a.body, "executed: %v", alone)
		}
	}
	r := newRig(t, servermode.Config{})
	a := r.init(newTarget("native", "#!/bin/bash\nexit 5\n", nil))
	assert.JSONEq(t, `{"error":"cannot start action: command exited: exit status 5"}`, a.body)
	a = r.init(newTarget("python:3", "import os\nos._exit(6)", nil))
	assert.Contains(t, a.body, "command exited: exit status 6 during initialization")
}

// A file may be as large as the disk allows, unless the owner sets a limit. Then the
// author is told whose limit it is, however the program reacts.
func TestCauses_TheLimitOfFilesIsNamed(t *testing.T) {
	harness.Needs(t, "python3")
	f := newTarget("python:3", dying, nil)
	r := newRig(t, servermode.Config{})
	r.mustInit(f)
	assert.Equal(t, `{}`, r.run(f, "", `{"bytes":5000000000}`).body, "beyond 4 GiB")

	r = newRig(t, servermode.Config{Limits: servermode.Limits{FileSize: 1 << 20}})
	r.mustInit(f)
	a := r.run(f, "", `{"bytes":1048577}`)
	assert.Contains(t, strings.ToLower(a.body), "file too large")
	assert.Contains(t, a.stderr, "a file may have 1048576 bytes on this server (--max-file-size)\n")
	a = r.run(f, "", `{"bytes":1048577,"default":true}`)
	assert.Equal(t, runtimespec.Crashed, a.reason)
	assert.Contains(t, a.body, "(SIGXFSZ): a file may have 1048576 bytes on this server (--max-file-size)")
}
