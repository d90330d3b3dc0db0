package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

const greet = `
import sys
def main(args):
    print("greeting", args["name"])
    print("to stderr", file=sys.stderr)
    return {"hello": args["name"], "n": args["n"], "file": args["file"]}
`

// invoke plays the invoker; the result is all there is on stdout.
func TestTool_InvokeShowsResultAndLogsApart(t *testing.T) {
	harness.Needs(t, "python3")
	server := harness.Server(t)
	client := harness.Client(t, server.URL, "python:3")
	dir := t.TempDir()
	action, file := filepath.Join(dir, "greet.py"), filepath.Join(dir, "data")
	require.NoError(t, os.WriteFile(action, []byte(greet), 0o600))
	require.NoError(t, os.WriteFile(file, []byte("abc"), 0o600))
	args := []string{"invoke", "-f", action, "-p", "name=Ada", "-p", "n=9007199254740993", "-p", "file=@" + file}
	for where, url := range map[string]string{"--server": server.URL, "--runtime": client.URL} {
		stdout, stderr, code := run(t, "whiskaway", append(args, where, url)...)
		require.Equal(t, 0, code, stderr)
		assert.True(t, json.Valid([]byte(stdout)), stdout)
		assert.Contains(t, stdout, `"hello": "Ada"`)
		assert.Contains(t, stdout, "9007199254740993")
		assert.Contains(t, stdout, `"file": "YWJj"`)
		if where == "--server" {
			assert.Contains(t, stderr, "stdout: greeting Ada")
			assert.Contains(t, stderr, "stderr: to stderr")
			assert.NotContains(t, stderr, "XXX_THE_END")
		}
	}
	assert.Contains(t, client.Stdout.String(), "greeting Ada\nXXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n")
}

// A script that started the tool decides by its exit code.
func TestTool_InvokeExitCodesTellWhatFailed(t *testing.T) {
	harness.Needs(t, "python3")
	server := harness.Server(t)
	address := strings.TrimPrefix(server.URL, "http://")
	for name, c := range map[string]struct {
		code string
		args []string
		exit int
		says string
	}{
		"a result":              {"def main(args):\n    return {}\n", nil, 0, "status 200"},
		"an application error":  {"def main(args):\n    return {'error': 'no luck'}\n", nil, 3, "application error: no luck"},
		"the last may be well":  {"n = 0\ndef main(args):\n    global n\n    n += 1\n    return {'error': 'first'} if n == 1 else {}\n", []string{"--repeat=2"}, 3, "application error: first"},
		"code that has no main": {"import no_such_module\n", nil, 4, "init: status 502: Cannot start action"},
		"a crash":               {"import os\ndef main(args):\n    os._exit(1)\n", nil, 4, "command exited"},
		"no such kind":          {"x", []string{"--kind=cobol:1"}, 4, "init: status"},
		"no such file":          {"", []string{"-f", "/nowhere.py"}, 1, "no such file"},
		"no such flag":          {"x", []string{"--nonsense"}, 2, "whiskaway invoke --help says more"},
		"no address":            {"x", []string{"--server=ftp://x"}, 2, "want HOST, HOST:PORT"},
		"no argument":           {"x", []string{"-p", "name"}, 2, "-p name has no value"},
		"no arguments' file":    {"x", []string{"--param-file=/nowhere"}, 2, "--param-file /nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			action := filepath.Join(t.TempDir(), "action.py")
			write(t, action, c.code)
			_, stderr, exit := run(t, "whiskaway", append([]string{"invoke", "--server", address, "-f", action}, c.args...)...)
			assert.Equal(t, c.exit, exit, stderr)
			assert.Contains(t, stderr, c.says)
			if exit == 2 {
				assert.Equal(t, 1, strings.Count(stderr, "\n"), "what was misused is one line: %s", stderr)
			}
		})
	}
	assert.Empty(t, harness.Functions(t, server), "nothing stays behind")
}

// slowUV is an installer that installs nothing, and waits for a file.
const slowUV = `#!/bin/sh
case "$1" in
--version) echo uv 0.1 ;;
venv) for dir; do :; done; exec python3 -m venv --without-pip "$dir" ;;
pip) echo "waiting for init" >&2; until [ -e "SHARED/init" ]; do sleep 0.01; done ;;
esac
`

// What the build and the run wait for here comes only once their logs were seen.
func TestTool_InvokeShowsLogsAsTheyCome(t *testing.T) {
	harness.Needs(t, "python3")
	shared := filepath.Join(harness.OpenDir(t), "shared")
	require.NoError(t, os.Mkdir(shared, 0o777))
	require.NoError(t, os.Chmod(shared, 0o777)) // the function may be another user
	uv := filepath.Join(shared, "uv")
	write(t, uv, strings.ReplaceAll(slowUV, "SHARED", shared))
	require.NoError(t, os.Chmod(uv, 0o755))
	action := filepath.Join(t.TempDir(), "slow")
	save(t, filepath.Join(action, "requirements.txt"), "whisker\n")
	save(t, filepath.Join(action, "__main__.py"), `
import os, time
def main(args):
    print("waiting for run", flush=True)
    while not os.path.exists("`+shared+`/run"):
        time.sleep(0.01)
    return {}
`)
	says := &harness.Buffer{}
	cmd := exec.Command(filepath.Join(harness.Bins, "whiskaway"), "invoke", "-f", action, "--limit=10m")
	cmd.Env, cmd.Stderr = append(os.Environ(), "WHISKAWAY_SERVER="+harness.Server(t, "--uv="+uv).URL, "GORACE=atexit_sleep_ms=0"), says
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	for _, name := range []string{"init", "run"} {
		harness.Eventually(t, func() bool { return strings.Contains(says.String(), ": waiting for "+name+"\n") }, "the log of what goes on")
		write(t, filepath.Join(shared, name), "")
	}
	require.NoError(t, cmd.Wait(), says.String())
	assert.Regexp(t, `(?m)^init stderr: waiting for init\ninit: ready after `, says.String())
	assert.Regexp(t, `(?m)^run [0-9a-f]{8} stdout: waiting for run\nrun [0-9a-f]{32}: status 200 after `, says.String())
}

func TestTool_InvokeTakesAFolderAndAFileOfArguments(t *testing.T) {
	harness.Needs(t, "python3")
	dir := filepath.Join(t.TempDir(), "folder")
	save(t, filepath.Join(dir, "__main__.py"), "import words\ndef main(args):\n    print('hi')\n    return {'word': words.word, 'args': args}\n")
	save(t, filepath.Join(dir, "words.py"), "word = 'found'\n")
	in := filepath.Join(t.TempDir(), "in.json")
	write(t, in, `{"name": "Ada", "n": 1}`)
	// The client container's variable is read where nothing else says which server.
	t.Setenv("WHISKAWAY_UPSTREAM", harness.Server(t).URL)
	stdout, stderr, code := run(t, "whiskaway", "invoke", "-f", dir, "--param-file", in, "-p", "name", "Bob", "--json", "-n", "2")
	require.Equal(t, 0, code, stderr)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	require.Len(t, lines, 2, "one activation a line")
	for _, line := range lines {
		var record struct {
			ActivationID string
			Name         string
			Start        int64
			Logs         []string
			Response     struct {
				Status  string
				Success bool
				Result  json.RawMessage
			}
		}
		decode(t, line, &record)
		assert.Len(t, record.ActivationID, 32)
		assert.Equal(t, "folder", record.Name)
		assert.Positive(t, record.Start)
		require.Len(t, record.Logs, 1)
		assert.Regexp(t, `^\d{4}-\d\d-\d\dT\S+Z stdout: hi$`, record.Logs[0])
		assert.Equal(t, "success", record.Response.Status)
		assert.True(t, record.Response.Success)
		assert.JSONEq(t, `{"word":"found","args":{"name":"Bob","n":1}}`, string(record.Response.Result))
	}
}
