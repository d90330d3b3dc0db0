package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// taken returns how many servers a balancer gives runs to.
func taken(t *testing.T, balancer *harness.Process) (n int) {
	t.Helper()
	for _, s := range harness.Servers(t, balancer) {
		if s.State == "healthy" || s.State == "recovering" {
			n++
		}
	}
	return n
}

// A server makes itself known, by its address or, where it has none, over a
// connection of its own; runs reach it, and with SIGTERM it leaves.
func TestJoin_ServerComesAndGoes(t *testing.T) {
	for name, more := range map[string][]string{"dialled": nil, "through a tunnel": {"--tunnel"}} {
		t.Run(name, func(t *testing.T) {
			secret := filepath.Join(t.TempDir(), "join")
			require.NoError(t, os.WriteFile(secret, []byte("invited-servers-only default\n"), 0o600))
			balancer := harness.Start(t, "loadbalancer", nil, "--listen=127.0.0.1:0", "--state-dir="+harness.StateDir(t), "--join-token-file="+secret)
			server := harness.Server(t, append([]string{"--join=" + balancer.URL, "--join-token-file=" + secret}, more...)...)
			harness.Eventually(t, func() bool { return taken(t, balancer) == 1 }, "the server joins")
			client := harness.Client(t, balancer.URL, "python:3")
			harness.Init(t, client, "def main(args):\n    return {'got': args.get('n')}\n", nil)
			for n := range 20 {
				a := harness.Run(t, client, uuid.NewString(), harness.M{"n": n})
				require.Equal(t, http.StatusOK, a.Status, a.Body)
				assert.JSONEq(t, fmt.Sprintf(`{"got":%d}`, n), a.Body)
			}
			require.NoError(t, server.Signal(syscall.SIGTERM))
			harness.Eventually(t, func() bool { return taken(t, balancer) == 0 }, "the server leaves")
		})
	}
}
