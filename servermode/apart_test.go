package servermode_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

// apart returns a server whose processes have folders of their own.
func apart(t *testing.T, cfg servermode.Config) *rig {
	t.Helper()
	r := newRig(t, cfg)
	if layers := r.Layers(); !layers.Overlay {
		t.Skip("the host does not let processes have folders of their own: ", layers.Why)
	}
	return r
}

// meeting is a folder in which processes of any user leave signs.
func meeting(t *testing.T) string {
	t.Helper()
	dir := harness.OpenDir(t)
	require.NoError(t, os.Chmod(dir, 0o777))
	return dir
}

// writer writes its pid wherever a container could, waits until another process has
// done so too, and says where it does not find its pid again.
func writer(meeting, version string) string {
	return `#!/bin/bash
# ` + version + `
places() { echo /tmp/f /var/tmp/f /dev/shm/f ./f "$TMPDIR/g" ~/f; }
while read -r line; do
  case "$line" in *'"die"'*) for f in $(places); do echo "$$" >$f; done; kill -9 $$ ;; esac
  lost=
  for f in $(places); do [ -e $f ] && lost="$lost found:$f"; echo "$$" >$f || lost="$lost closed:$f"; done
  touch ` + meeting + `/$$
  until [ "$(ls ` + meeting + ` | wc -l)" -ge 2 ]; do sleep 0.01; done
  for f in $(places); do [ "$(cat $f)" = $$ ] || lost="$lost $f"; done
  echo "{\"lost\":\"$lost\"}" >&3
done
`
}

// Two containers of one action that run at once do not see each other's files.
func TestServer_ProcessesOfAFunctionAreApart(t *testing.T) {
	r := apart(t, servermode.Config{Instances: 2})
	f := newTarget("native", writer(meeting(t), "1"), nil)
	r.mustInit(f)
	other := make(chan got, 1)
	go func() { other <- r.run(f.another(), "", `"write"`) }()
	assert.JSONEq(t, `{"lost":""}`, r.run(f, "", `"write"`).body)
	assert.JSONEq(t, `{"lost":""}`, (<-other).body)
}

// The next version of an action runs as another user, and can write where its
// predecessor did.
func TestServer_VersionsOfAnActionAreApart(t *testing.T) {
	r := apart(t, servermode.Config{})
	dir := meeting(t)
	old, fresh := newTarget("native", writer(dir, "1"), nil), newTarget("native", writer(dir, "2"), nil)
	r.mustInit(old)
	r.mustInit(fresh)
	other := make(chan got, 1)
	go func() { other <- r.run(old, "", `"write"`) }()
	assert.JSONEq(t, `{"lost":""}`, r.run(fresh, "", `"write"`).body)
	assert.JSONEq(t, `{"lost":""}`, (<-other).body)
}

// However a process ends, its files go with it.
func TestServer_FilesGoWithTheProcess(t *testing.T) {
	r := apart(t, servermode.Config{})
	dir := meeting(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "one"), nil, 0o644))
	f := newTarget("native", writer(dir, "1"), nil)
	r.mustInit(f)
	assert.Equal(t, runtimespec.Crashed, r.run(f, "", `"die"`).reason)
	r.eventually(func() bool {
		left, err := filepath.Glob(filepath.Join(r.state, "functions", "*", "p", "*", "tmp", "f"))
		return err == nil && len(left) == 0
	})
	assert.JSONEq(t, `{"lost":""}`, r.run(f, "", `"write"`).body, "the next one finds nothing")
}

// Node asks the system for its user's name, as git and ssh do.
func TestServer_NodesUserHasAName(t *testing.T) {
	r := apart(t, servermode.Config{})
	f := newTarget("nodejs:default", `const main = () => { const u = require("os").userInfo(); return { same: u.username === process.env.USER && u.username === process.env.LOGNAME, home: u.homedir === process.env.HOME }; };`, nil)
	if a := r.init(f); a.status != http.StatusOK {
		t.Skip("the test needs Node: ", a.body)
	}
	assert.JSONEq(t, `{"same":true,"home":true}`, r.run(f, "", `{}`).body)
}
