// Package e2e_test runs the built binaries against each other, with real
// processes, sockets and signals. It has the tests that need more than one
// service, or a whole one.
package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// run runs a binary to its end and returns what it printed and its exit code.
func run(t *testing.T, name string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(filepath.Join(harness.Bins, name), args...)
	cmd.Env = append(os.Environ(), harness.Env...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		require.NoError(t, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestClientBinary_IsSmall(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CGO_ENABLED", "0")
	require.NoError(t, harness.Build(dir, "-trimpath", "-ldflags=-s -w"))
	info, err := os.Stat(filepath.Join(dir, "clientmode"))
	require.NoError(t, err)
	assert.Less(t, info.Size(), int64(8_000_000), "it is part of every image pull")
}

func TestBinaries_ExitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		binary string
		args   []string
		code   int
		says   string
	}{
		"client help":          {"clientmode", []string{"--help"}, 0, "WHISKAWAY_UPSTREAM"},
		"client unknown flag":  {"clientmode", []string{"--nonsense"}, 2, "nonsense"},
		"client bad duration":  {"clientmode", []string{"--limit=soon"}, 2, "--limit"},
		"client bad upstream":  {"clientmode", []string{"--listen=127.0.0.1:0", "--upstream=ftp://x"}, 78, "upstream"},
		"client bad list":      {"clientmode", []string{"--listen=127.0.0.1:0", "--upstream-allow=a/b/c"}, 78, "--upstream-allow"},
		"client no such token": {"clientmode", []string{"--listen=127.0.0.1:0", "--token-file=/nowhere"}, 78, "token"},
		"server help":          {"servermode", []string{"--help"}, 0, "WHISKAWAY_STATE_DIR"},
		"server unknown flag":  {"servermode", []string{"--nonsense"}, 2, "nonsense"},
		"server open to all":   {"servermode", []string{"--listen=0.0.0.0:0"}, 78, "--token-file"},
		"server config help":   {"servermode", []string{"--help"}, 0, "--config=FILE"},
		"server no config":     {"servermode", []string{"--config=/nowhere.yaml"}, 78, "/nowhere.yaml"},
		"tool no server":       {"whiskaway", []string{"ps", "--server=http://127.0.0.1:1"}, 5, "http://127.0.0.1:1 cannot be reached"},
		"tool help":            {"whiskaway", []string{"--help"}, 0, "invoke"},
		"tool exit codes":      {"whiskaway", []string{"--help"}, 0, "5  no server answers there"},
		"tool no command":      {"whiskaway", nil, 2, "invoke"},
		"tool version":         {"whiskaway", []string{"--version"}, 0, "whiskaway "},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := run(t, c.binary, c.args...)
			assert.Equal(t, c.code, code, stdout+stderr)
			assert.Contains(t, stdout+stderr, c.says)
		})
	}
}

func TestClientBinary_Healthcheck(t *testing.T) {
	client := harness.Client(t, "http://127.0.0.1:1", "")
	address := strings.TrimPrefix(client.URL, "http://")
	_, _, code := run(t, "clientmode", "healthcheck", "--listen", address)
	assert.Equal(t, 0, code)
	client.Kill()
	_, stderr, code := run(t, "clientmode", "healthcheck", "--listen", address)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "healthcheck")
}

// The demo of the README, with the Python that make test found for it.
func TestTool_Demo(t *testing.T) {
	python := os.Getenv("WHISKAWAY_PLATES_PYTHON")
	if python == "" {
		t.Skip("WHISKAWAY_PLATES_PYTHON names no Python with the plates action's libraries; make test sets it")
	}
	plates, err := filepath.Abs("../../examples/plates")
	require.NoError(t, err)
	stdout, stderr, code := run(t, "whiskaway", "demo", "--plates", plates, "--python", python)
	require.Equal(t, 0, code, stdout+stderr)
	assert.Equal(t, 12, strings.Count(stdout, ".jpg"))
	assert.GreaterOrEqual(t, strings.Count(stdout, "✓"), 10, stdout)
	assert.Regexp(t, `(?m)^── server [AB], process \d+, was killed`, stdout)
	assert.Regexp(t, `(?m)^Server [AB] holds 0 functions, and process \d+ is gone\.$`, stdout)
}
