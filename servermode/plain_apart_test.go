package servermode_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

// talkativeUV stands in for uv. It installs nothing, and prints much.
const talkativeUV = `#!/bin/bash
case $1 in
--version) echo uv 0 ;;
venv)
  dir=${@: -1}
  mkdir -p "$dir/bin" && ln -s /usr/bin/python3 "$dir/bin/python" && echo "home = /usr/bin" >"$dir/pyvenv.cfg" ;;
pip) head -c 900000 /dev/zero | tr '\0' x >&2; echo " fetched" >&2 ;;
esac
`

// withTalkativeUV makes the stand-in the first uv in PATH.
func withTalkativeUV(t *testing.T) {
	t.Helper()
	dir := harness.OpenDir(t)
	uv := filepath.Join(dir, "uv")
	require.NoError(t, os.WriteFile(uv, []byte(talkativeUV), 0o600))
	require.NoError(t, os.Chmod(uv, 0o755))
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// packed returns the init of a Python function with requirements of its own.
func packed(t *testing.T, n int) string {
	f := newTarget("", harness.Zip(t, map[string]string{
		"__main__.py": "def main(args):\n    return args\n", "requirements.txt": "packed" + itoa(n) + "\n",
	}), nil)
	f.spec.Binary = true
	return string(f.body(true))
}

// newApartRig returns a server that keeps activations' logs apart.
func newApartRig(t *testing.T, cfg servermode.Config) *plainRig {
	cfg.Environ = []string{"__OW_ALLOW_CONCURRENT=true"}
	return newPlainRig(t, cfg)
}

// What builds write during inits is passed on at once and not kept: the logs of runs
// are kept apart after any number of inits.
func TestPlain_LogsOfInitsAreToldApart(t *testing.T) {
	harness.Needs(t, "python3")
	withTalkativeUV(t)
	p := newApartRig(t, servermode.Config{Python: "/usr/bin/python3", Instances: 2})
	told := ""
	for n := range 40 {
		a := p.post(runtimespec.PathInit, packed(t, n))
		require.Equal(t, http.StatusOK, a.status, a.body)
		told += strings.Repeat("x", 900_000) + " fetched\n"
		require.True(t, p.stderr.String() == told, "init %d: its log is told before its answer", n)
		require.Equal(t, http.StatusOK, p.post(runtimespec.PathStop, "").status)
	}
	p.sentinels(0)

	before := p.stdout.String()
	code, written, gate := gossip(t)
	p.mustFill(code)
	running := p.async(runtimespec.PathRun, activationBody("a", `"gossip"`))
	p.eventually(func() bool { _, err := os.Stat(written); return err == nil })
	for range 20 { // by then the first output of a has come
		p.activate("b", `"log"`)
	}
	require.NoError(t, os.WriteFile(gate, nil, 0o644))
	assert.Equal(t, http.StatusOK, (<-running).status)
	assert.Equal(t, strings.Repeat("out\n"+ended, 20)+"starts\nends\n"+ended, strings.TrimPrefix(p.stdout.String(), before))
}

// gossip is a function whose run writes, makes the file written, and waits for the
// file gate before it goes on.
func gossip(t *testing.T) (code, written, gate string) {
	t.Helper()
	dir := harness.OpenDir(t)
	require.NoError(t, os.Chmod(dir, 0o777)) // the function may be another user
	written, gate = filepath.Join(dir, "written"), filepath.Join(dir, "gate")
	return strings.Replace(echo, `*'"log"'*)`, `*'"gossip"'*) echo starts; touch `+written+`; until [ -e `+gate+` ]; do sleep 0.01; done; echo ends; echo '{}' >&3 ;;
  *'"log"'*)`, 1), written, gate
}

// A second init runs nothing, but its author is told why.
func TestPlain_ASecondInitIsToldApart(t *testing.T) {
	p := newApartRig(t, servermode.Config{})
	p.mustFill(echo)
	for n := range 3 {
		p.refused(p.post(runtimespec.PathInit, codeBody(echo, map[string]string{"N": itoa(n)})), http.StatusForbidden, initTwice)
		assert.Equal(t, strings.Repeat(`{"error":"`+initTwice+`"}`+"\n", n+1), p.stderr.String())
	}
	p.sentinels(0)
}

func TestPlain_AnUnreadStreamDelaysOnlyAnInitsAnswer(t *testing.T) {
	harness.Needs(t, "python3")
	withTalkativeUV(t)
	out := &stuck{open: make(chan struct{})}
	log, said := observer.New(zap.InfoLevel)
	p := newApartRig(t, servermode.Config{Python: "/usr/bin/python3", Stdout: out, Log: zap.New(log)})
	starting := p.async(runtimespec.PathInit, packed(t, 1))
	p.eventually(func() bool { return said.FilterMessage("function is ready for plain callers").Len() == 1 })
	require.Len(t, p.functions(), 1)
	assert.Equal(t, http.StatusOK, p.post(runtimespec.PathStop, "").status)
	p.eventually(func() bool { return len(p.functions()) == 0 && len(p.folders()) == 0 })
	assert.Empty(t, starting)
	close(out.open)
	assert.Equal(t, http.StatusOK, (<-starting).status)
	assert.NotContains(t, out.String(), runtimespec.Sentinel)
}
