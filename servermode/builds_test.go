package servermode_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

// slowUV stands in for uv, so that a build takes as long as the test wants. It
// installs a module once GATE exists, fails if GATE says so, and prints the user it
// runs as.
const slowUV = `#!/bin/bash
echo "$(id -u) $PPID" >>DIR/workers; chmod 666 DIR/workers 2>/dev/null
case $1 in
--version) echo uv 0 ;;
venv) /usr/bin/python3 -m venv --without-pip "${@: -1}" ;;
pip)
  echo "fetching" >&2
  while ! [ -e DIR/gate ]; do sleep 0.01; done
  if grep -q fail DIR/gate; then echo "no such package" >&2; exit 1; fi
  bin=$(dirname "${@: -3:1}")
  echo "NAME = 'packed'" >"$(echo "$bin"/../lib/python3*/site-packages)/packed.py" ;;
esac
`

// withSlowUV makes the stand-in the first uv in PATH and returns its folder.
func withSlowUV(t *testing.T) string {
	t.Helper()
	dir := harness.OpenDir(t)
	require.NoError(t, os.Chmod(dir, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "uv"), []byte(strings.ReplaceAll(slowUV, "DIR", dir)), 0o755))
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return dir
}

// needy is a Python function that requires something.
func needy(t *testing.T, version string) target {
	f := newTarget("python:3", harness.Zip(t, map[string]string{
		"__main__.py":      "import packed, os\ndef main(args):\n    return {'from': packed.NAME, 'version': '" + version + "', 'pid': os.getpid()}\n",
		"requirements.txt": "packed\n",
	}), nil)
	f.spec.Binary = true
	return f
}

// initWithin sends an init with a limit of so many milliseconds, and asks for
// frames.
func (r *rig) initWithin(f target, ms int) got {
	r.t.Helper()
	h := f.header()
	h.Set("Accept", runtimespec.MediaFrames)
	h.Set(runtimespec.HeaderTimeout, strconv.Itoa(ms))
	return r.send(runtimespec.PathInit, h, f.body(true))
}

func TestServer_BuildOutlivesItsInitAndIsShared(t *testing.T) {
	harness.Needs(t, "python3")
	dir := withSlowUV(t)
	r := newRig(t, servermode.Config{Python: "/usr/bin/python3"})
	f := needy(t, "1")
	a := r.initWithin(f, 800)
	assert.Equal(t, http.StatusBadGateway, a.status)
	assert.Equal(t, runtimespec.TimedOut, a.reason)
	assert.Contains(t, a.body, "still being built: the next init goes on from here")
	assert.Contains(t, a.stdout, "installing 1 requirement(s)")
	assert.Contains(t, a.stderr, "fetching", "progress is in the init's log")
	assert.Empty(t, r.functions())

	require.NoError(t, os.WriteFile(filepath.Join(dir, "gate"), nil, 0o644))
	a = r.initWithin(f, 30_000)
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Contains(t, a.stderr, "fetching", "an init that attaches gets the output from its start")
	assert.Contains(t, r.run(f, "1", `{}`).body, `"from": "packed"`)

	require.NoError(t, os.Remove(filepath.Join(dir, "gate")))
	other := needy(t, "2")
	a = r.initWithin(other, 30_000)
	require.Equal(t, http.StatusOK, a.status, "the same wish is served from what is there: %s", a.body)
	assert.Empty(t, a.stdout+a.stderr)
	assert.Contains(t, r.run(other, "1", `{}`).body, `"version": "2"`)
}

func TestServer_BrokenRequirementsLeaveNothing(t *testing.T) {
	harness.Needs(t, "python3")
	dir := withSlowUV(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gate"), []byte("fail"), 0o644))
	r := newRig(t, servermode.Config{Python: "/usr/bin/python3"})
	for range 2 {
		a := r.initWithin(needy(t, "1"), 30_000)
		assert.Equal(t, http.StatusBadGateway, a.status)
		assert.Equal(t, runtimespec.InitFailed, a.reason)
		assert.Contains(t, a.body, "requirements could not be installed")
		assert.Contains(t, a.body, "no such package")
		assert.Contains(t, a.stderr, "no such package")
	}
	r.eventually(func() bool { return len(r.functions()) == 0 && len(r.folders()) == 0 })
	made, err := os.ReadDir(filepath.Join(r.state, "builds", "made"))
	require.NoError(t, err)
	assert.Empty(t, made)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gate"), nil, 0o644))
	require.Equal(t, http.StatusOK, r.initWithin(needy(t, "1"), 30_000).status, "mended, it works")
}

func TestServer_StopEndsBuilds(t *testing.T) {
	harness.Needs(t, "python3")
	dir := withSlowUV(t)
	r := newRig(t, servermode.Config{Python: "/usr/bin/python3"})
	a := r.initWithin(needy(t, "1"), 800)
	require.Equal(t, runtimespec.TimedOut, a.reason, a.body)
	workers, err := os.ReadFile(filepath.Join(dir, "workers"))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(workers)), "\n")
	var uid, parent int
	_, err = fmt.Sscan(lines[len(lines)-1], &uid, &parent)
	require.NoError(t, err)
	if os.Getuid() == 0 {
		assert.NotZero(t, uid, "what is installed runs code: never as root")
	}
	require.NoError(t, r.Stop(t.Context()))
	left, err := os.ReadDir(filepath.Join(r.state, "builds", "made"))
	require.NoError(t, err)
	assert.Empty(t, left)
	assert.False(t, running(t, dir+"/uv pip install"), "the build has ended with the server")
}

// A build of unknown length does not hold up a server's end. Its caller is told what
// will be true after the restart.
func TestServer_ADrainWaitsForNoBuild(t *testing.T) {
	harness.Needs(t, "python3")
	dir := withSlowUV(t)
	r := newRig(t, servermode.Config{Python: "/usr/bin/python3"})
	answered := make(chan got, 1)
	go func() { answered <- r.initWithin(needy(t, "1"), 100_000) }()
	r.eventually(func() bool { return running(t, dir+"/uv pip install") })
	stopped := make(chan error, 1)
	go func() { stopped <- r.Stop(t.Context()) }() // without a limit of its own
	a := harness.Receive(t, answered)
	assert.Equal(t, runtimespec.Draining, a.reason, "not started: a balancer has it built elsewhere")
	assert.Contains(t, a.body, "nothing of it is kept, the next init starts it again")
	require.NoError(t, harness.Receive(t, stopped))
	assert.False(t, running(t, dir+"/uv pip install"))

	again := newRig(t, servermode.Config{Python: "/usr/bin/python3", StateDir: r.state})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gate"), nil, 0o644))
	f := needy(t, "1")
	require.Equal(t, http.StatusOK, again.initWithin(f, 60_000).status, "as it was told")
	again.stop(f)
	ended := make(chan error, 1)
	go func() { ended <- again.Stop(t.Context()) }()
	require.NoError(t, harness.Receive(t, ended))
	require.NoError(t, os.Remove(filepath.Join(dir, "gate")))
	last := newRig(t, servermode.Config{Python: "/usr/bin/python3", StateDir: r.state})
	require.Equal(t, http.StatusOK, last.initWithin(f, 60_000).status, "what was finished is kept: it could not be made now")
}

// running reports whether a process of this test's stand-in exists.
func running(t *testing.T, words string) bool {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, file := range lines {
		text, _ := os.ReadFile(file)
		if strings.Contains(strings.ReplaceAll(string(text), "\x00", " "), words) {
			return true
		}
	}
	return false
}

func TestServer_BuildsHoldUnderAnyUmask(t *testing.T) {
	harness.Needs(t, "python3")
	before := syscall.Umask(0o077)
	defer syscall.Umask(before)
	dir := withSlowUV(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gate"), nil, 0o644))
	require.NoError(t, os.Chmod(filepath.Join(dir, "gate"), 0o644))
	require.NoError(t, os.Chmod(filepath.Join(dir, "uv"), 0o755))
	for _, uv := range []string{"", "none"} {
		r := newRig(t, servermode.Config{Python: "/usr/bin/python3", UV: uv, HostPackages: uv == "none"}) // this one has pip
		f := needy(t, "1")
		if uv == "none" {
			f = newTarget("python:3", harness.Zip(t, map[string]string{"__main__.py": "def main(args):\n    return {'from': 'packed'}\n", "requirements.txt": "pip\n"}), nil)
			f.spec.Binary = true
		}
		a := r.initWithin(f, 60_000)
		require.Equal(t, http.StatusOK, a.status, a.body+a.stderr)
		assert.Contains(t, r.run(f, "1", `{}`).body, `"from": "packed"`)
	}
}
