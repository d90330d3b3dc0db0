package servermode_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A program that links the package is the shim of its functions' processes by its
// first argument alone, and its main is not reached: here the tests would be run.
func TestServer_AProgramThatHoldsItIsExecutedAgain(t *testing.T) {
	itself, err := os.Executable()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		code int
		says string
	}{
		"whiskaway-shim":   {127, "whiskaway: cannot start the function's program"},
		"whiskaway-probe":  {1, ""},
		"whiskaway-reaper": {1, ""},
	} {
		cmd := exec.Command(itself)
		cmd.Args = []string{name}
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, name)
		assert.Equal(t, c.code, exit.ExitCode(), "%s: %s", name, out)
		assert.Contains(t, string(out), c.says, name)
		assert.NotContains(t, string(out), "PASS", name)
	}
}
