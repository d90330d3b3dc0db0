package actionloop_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

func TestRuntime_FailuresAreTheActions(t *testing.T) {
	s, secret := kindtest.Builder(t), filepath.Join(t.TempDir(), "exec.env")
	require.NoError(t, os.WriteFile(secret, []byte("toy/1"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(secret), "exec"), []byte("#!/bin/sh\n"), 0o700))
	ok := install(`'{"n":1}'`)
	for name, c := range map[string]struct{ script, log string }{
		"says something":     {ok + `echo line 3: no such word`, "no such word\nThe compile script wrote something, which means that it failed."},
		"on stderr":          {ok + `printf x >&2`, "The compile script wrote something"},
		"fails silently":     {ok + `exit 3`, "The compile script failed: exit status 3."},
		"makes nothing":      {`:`, "made no executable file exec"},
		"removes bin":        {`rm -r "$3"`, "made no executable file exec"},
		"exec is a folder":   {`mkdir "$3/exec"`, "made no executable file exec"},
		"exec is a link":     {`ln -s /bin/cat "$3/exec"`, "made no executable file exec"},
		"exec is a pipe":     {`mkfifo "$3/exec"`, "made no executable file exec"},
		"bin is a link":      {`rmdir "$3"; ln -s ` + filepath.Dir(secret) + ` "$3"`, "made no executable file exec"},
		"no exec.env":        {ok, "no exec.env"},
		"other exec.env":     {ok + `echo toy/2 >"$3/exec.env"`, `must hold "toy/1", not "toy/2"`},
		"exec.env is a link": {ok + `ln -s ` + secret + ` "$3/exec.env"`, "no exec.env"},
		"exec.env is a pipe": {ok + `mkfifo "$3/exec.env"`, "no exec.env"},
		"exec.env is large":  {ok + `head -c 20000000 /dev/zero >"$3/exec.env"`, `must hold "toy/1", not`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := image{"OW_COMPILER": compileScript(t, c.script), "OW_EXECUTION_ENV": "toy/1"}
			_, log, err := toy(t, s, newRuntime(t, env), kind.Code("1"), "main")
			problem := kindtest.AssertAction(t, err, kind.NoBinary)
			assert.Contains(t, log+problem.Log, c.log)
			assert.Less(t, len(problem.Log), 500)
		})
	}
	_, _, err := toy(t, s, newRuntime(t, image{"OW_COMPILER": compileScript(t, ok+`kill -9 $$`)}), kind.Code("1"), "main")
	var action *kind.ActionError
	assert.ErrorContains(t, err, "killed")
	assert.NotErrorAs(t, err, &action, "that is the host's doing")
	_, _, err = toy(t, s, newRuntime(t, image{"OW_COMPILER": compileScript(t, ok)}), kind.Code("1"), "a\x00b")
	kindtest.AssertAction(t, err, "cannot be a name")
	_, _, err = toy(t, s, newRuntime(t, image{"OW_COMPILER": compileScript(t, ok)}), kindtest.Zip(t, map[string]string{"../x": ""}), "main")
	kindtest.AssertAction(t, err, "outside the action's folder")
}

func TestRuntime_CompileHasATimeLimit(t *testing.T) {
	box := sandbox.New(strconv.FormatUint(rand.Uint64(), 36), sandbox.DefaultLimits, nil)
	t.Cleanup(box.Close)
	s, err := build.Open(build.Config{Dir: filepath.Join(t.TempDir(), "builds"), Box: box, AtOnce: 1, Timeout: 300 * time.Millisecond, MaxBytes: 1 << 30})
	require.NoError(t, err)
	pids := filepath.Join(t.TempDir(), "pids")
	endless := image{"OW_COMPILER": compileScript(t, "sleep 1000 & echo $! >>"+pids+"; echo $$ >>"+pids+"; wait")}
	_, _, err = toy(t, s, newRuntime(t, endless), kind.Code("1"), "main")
	require.ErrorContains(t, err, "the build took too long and was ended after 300ms")
	require.NoError(t, s.Close())
	text, err := os.ReadFile(pids)
	require.NoError(t, err)
	require.Len(t, strings.Fields(string(text)), 2)
	for _, pid := range strings.Fields(string(text)) {
		status, err := os.ReadFile("/proc/" + pid + "/stat")
		assert.True(t, err != nil || strings.Contains(string(status), ") Z "), "%s", status)
	}
}
