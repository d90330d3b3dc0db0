package e2e_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// untilThere creates a file at its start, and waits for another one.
const (
	untilThere = `
import os, time
def main(args):
    open(args["started"], "w").close()
    while not os.path.exists(args["gate"]):
        time.sleep(0.01)
    return {"finished": True}
`
	untilThereNode = `
const fs = require("fs");
async function main(args) {
  fs.writeFileSync(args.started, "");
  while (!fs.existsSync(args.gate)) await new Promise((done) => setTimeout(done, 10));
  return { finished: true };
}
`
)

// A service manager may send SIGTERM to the server and to all that it has
// started. Runs in flight still finish.
func TestServer_TerminatedWithItsFunctions(t *testing.T) {
	for name, c := range map[string]struct {
		flags      []string
		kind, code string
	}{
		"forked":   {nil, "python:3", untilThere},
		"executed": {[]string{"--no-fork"}, "python:3", untilThere},
		"node":     {nil, "nodejs:default", untilThereNode},
	} {
		t.Run(name, func(t *testing.T) {
			dir := harness.OpenDir(t)
			require.NoError(t, os.Chmod(dir, 0o777))
			started, gate := filepath.Join(dir, "started"), filepath.Join(dir, "gate")
			server := harness.Server(t, c.flags...)
			client := harness.Client(t, server.URL, c.kind)
			harness.Init(t, client, c.code, nil)
			running := make(chan harness.Answer, 1)
			go func() { running <- harness.Run(t, client, "a", harness.M{"started": started, "gate": gate}) }()
			harness.Eventually(t, func() bool { _, err := os.Stat(started); return err == nil }, "the run starts")

			all := slices.Collect(maps.Keys(harness.Descendants(server.Cmd.Process.Pid)))
			require.NotEmpty(t, all)
			for _, pid := range append(all, server.Cmd.Process.Pid) {
				require.NoError(t, syscall.Kill(pid, syscall.SIGTERM))
			}
			harness.Eventually(t, func() bool {
				resp, err := http.Get(server.URL + "/readyz")
				if err != nil {
					return false
				}
				defer resp.Body.Close()
				return resp.StatusCode == http.StatusServiceUnavailable
			}, "the server drains")
			require.NoError(t, os.WriteFile(gate, nil, 0o644))
			a := harness.Receive(t, running)
			assert.Equal(t, http.StatusOK, a.Status, a.Body)
		})
	}
}
