package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// Every command of examples/hello's table, as it stands there. Java's and PHP's
// need a runtime of their own and are in the tests of those.
func TestHello_EveryKindGreets(t *testing.T) {
	harness.Needs(t, "python3")
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	readme, err := os.ReadFile(filepath.Join(root, "examples/hello/README.md"))
	require.NoError(t, err)
	built := t.TempDir()
	out, err := exec.Command(filepath.Join(root, "examples/hello/build.sh"), built).CombinedOutput()
	require.NoError(t, err, "%s", out)
	server := harness.Server(t)
	commands := regexp.MustCompile("`bin/whiskaway (invoke .*)`").FindAllStringSubmatch(string(readme), -1)
	require.GreaterOrEqual(t, len(commands), 10)
	for _, c := range commands {
		if strings.Contains(c[1], "--kind java") || strings.Contains(c[1], "--kind php") {
			continue
		}
		t.Run(strings.Fields(c[1])[2], func(t *testing.T) {
			if strings.HasSuffix(strings.Fields(c[1])[2], ".js") {
				harness.Needs(t, "node")
			}
			line := strings.ReplaceAll(c[1], " bin/", " "+built+"/") + " --server " + server.URL
			cmd := exec.Command(filepath.Join(harness.Bins, "whiskaway"), append(strings.Fields(line), "--limit=5m")...)
			cmd.Dir = root
			result, err := cmd.Output()
			require.NoError(t, err, "%s", stderrOf(err))
			var answer struct{ Greeting string }
			require.NoError(t, json.Unmarshal(result, &answer), "%s", result)
			assert.Contains(t, answer.Greeting, "Ada")
		})
	}
}

func stderrOf(err error) string {
	if exit, ok := err.(*exec.ExitError); ok {
		return string(exit.Stderr)
	}
	return ""
}
