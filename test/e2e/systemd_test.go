package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

const unitFile = "../../examples/systemd/whiskaway-server.service"

// The unit leaves functions to the server, and gives runs all the time that the
// server gives them.
func TestSystemd_TheUnitLetsRunsFinish(t *testing.T) {
	text, err := os.ReadFile(unitFile)
	require.NoError(t, err)
	setting := func(name string) string {
		found := regexp.MustCompile(`(?m)^` + name + `=(.*)$`).FindSubmatch(text)
		require.NotNil(t, found, name)
		return string(found[1])
	}
	assert.Equal(t, "mixed", setting("KillMode"))
	help, err := exec.Command(filepath.Join(harness.Bins, "servermode"), "--help").CombinedOutput()
	require.NoError(t, err)
	found := regexp.MustCompile(`--grace=(\S+)`).FindSubmatch(help)
	require.NotNil(t, found, string(help))
	grace, err := time.ParseDuration(string(found[1]))
	require.NoError(t, err)
	stop, err := time.ParseDuration(setting("TimeoutStopSec") + "s")
	require.NoError(t, err)
	assert.Greater(t, stop, grace+10*time.Second, "all processes end within 10 s more")
	assert.Contains(t, strings.Fields(setting("RestartPreventExitStatus")), "2")
}

func TestSystemd_TheUnitIsValid(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed: ", err)
	}
	text, err := os.ReadFile(unitFile)
	require.NoError(t, err)
	unit := filepath.Join(t.TempDir(), filepath.Base(unitFile))
	there := strings.Replace(string(text), "/usr/local/bin/servermode", filepath.Join(harness.Bins, "servermode"), 1)
	require.NoError(t, os.WriteFile(unit, []byte(there), 0o644))
	out, err := exec.Command(analyze, "verify", "--man=no", unit).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.NotContains(t, string(out), filepath.Base(unit)+":", "nothing is left out or unknown")
}
