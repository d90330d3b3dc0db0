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

// A service manager may send SIGTERM to the server and to all that it has
// started. Runs in flight finish all the same.
func TestServer_TerminatedWithItsFunctions(t *testing.T) {
	for name, flags := range map[string][]string{"forked": nil, "executed": {"--no-fork"}} {
		t.Run(name, func(t *testing.T) {
			dir := harness.OpenDir(t)
			require.NoError(t, os.Chmod(dir, 0o777))
			begun, gate := filepath.Join(dir, "begun"), filepath.Join(dir, "gate")
			server := harness.Server(t, flags...)
			client := harness.Client(t, server.URL, "python:3")
			harness.Init(t, client, `
import os, time
def main(args):
    open("`+begun+`", "w").close()
    while not os.path.exists("`+gate+`"):
        time.sleep(0.01)
    return {"finished": True}
`, nil)
			running := make(chan harness.Answer, 1)
			go func() { running <- harness.Run(t, client, "a", harness.M{}) }()
			harness.Eventually(t, func() bool { _, err := os.Stat(begun); return err == nil }, "the run begins")

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
