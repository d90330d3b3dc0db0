package e2e_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// devTool is a running whiskaway dev.
type devTool struct {
	t    *testing.T
	url  string
	cmd  *exec.Cmd
	says *harness.Buffer // stderr
	out  *harness.Buffer // stdout, after the URL
	done chan struct{}
	err  error
}

// startDev serves an action on a free port; what it builds is its own.
func startDev(t *testing.T, action string, args ...string) *devTool {
	t.Helper()
	return startDevIn(t, harness.StateDir(t), nil, action, args...)
}

// startDevIn is startDev with a folder for what is built, and more variables.
func startDevIn(t *testing.T, cache string, env []string, action string, args ...string) *devTool {
	t.Helper()
	d := &devTool{t: t, says: &harness.Buffer{}, out: &harness.Buffer{}, done: make(chan struct{})}
	d.cmd = exec.Command(filepath.Join(harness.Bins, "whiskaway"), append([]string{"dev", action, "--listen=127.0.0.1:0", "--limit=5m"}, args...)...)
	d.cmd.Env = append(append(os.Environ(), "XDG_CACHE_HOME="+cache), append(env, harness.Env...)...)
	d.cmd.Stderr = d.says
	stdout, err := d.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, d.cmd.Start())
	lines := bufio.NewReader(stdout)
	first, err := lines.ReadString('\n')
	go func() {
		_, _ = io.Copy(d.out, lines)
		d.err = d.cmd.Wait()
		close(d.done)
	}()
	t.Cleanup(d.end)
	require.NoError(t, err, "it says where it serves")
	d.url = strings.TrimSpace(first)
	return d
}

func (d *devTool) awaits(text string) {
	d.t.Helper()
	require.Eventually(d.t, func() bool { return strings.Contains(d.says.String(), text) }, harness.Patience, 5*time.Millisecond, "expected %q", text)
}

// end is the end of a test that does not ask how it ends.
func (d *devTool) end() {
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.done:
	case <-time.After(harness.Patience):
		_ = d.cmd.Process.Kill()
		<-d.done
	}
}

// get activates the action with a query.
func (d *devTool) get(query string) (status int, body string) {
	d.t.Helper()
	resp, err := http.Get(d.url + "?" + query)
	require.NoError(d.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(d.t, err)
	return resp.StatusCode, strings.TrimSpace(string(text))
}

// stop sends a signal and requires a clean end.
func (d *devTool) stop(s syscall.Signal) {
	d.t.Helper()
	require.NoError(d.t, d.cmd.Process.Signal(s))
	select {
	case <-d.done:
		require.NoError(d.t, d.err, d.says.String())
	case <-time.After(harness.Patience):
		require.Fail(d.t, "it does not end", d.says.String())
	}
	assert.Empty(d.t, d.out.String(), "results and logs stay off stdout")
}

func save(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

// versioned returns an action that tells its version, its process and where it lies.
func versioned(version string) string {
	return `
import os, sys, time
print("loaded ` + version + `")
def main(args):
    print("run of ` + version + `")
    if args.get("touch"):
        open(args["touch"], "w").close()
        while not os.path.exists(args["until"]):
            time.sleep(0.01)
    return {"version": "` + version + `", "pid": os.getpid(), "dir": os.getcwd(), "args": args, "secret": os.environ.get("SECRET"), "update": os.environ.get("__OW_ACTION_VERSION")}
`
}

func decode(t *testing.T, body string, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(body), into), body)
}
