package servermode_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/servermode/internal/zygote"
	"github.com/whiskaway/whiskaway/test/harness"
)

// whose answers with the process and its parent.
const whose = `
import os
def main(args):
    return {"pid": os.getpid(), "parent": os.getppid(), "user": os.getuid(), "mine": os.environ.get("MINE")}`

func TestServer_ForksPythonFunctions(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	one, two := newTarget("python:3", whose, map[string]string{"MINE": "one"}), newTarget("python:3", whose, map[string]string{"MINE": "two"})
	r.mustInit(one)
	r.mustInit(two)
	assert.EqualValues(t, 2, r.Forks().Forks, r.Forks().Fallbacks)
	assert.Contains(t, r.run(one, "", `{}`).body, `"parent": `+itoa(r.ParentPID()))
	assert.Contains(t, r.run(one, "", `{}`).body, `"mine": "one"`)
	assert.Contains(t, r.run(two, "", `{}`).body, `"mine": "two"`)
	if os.Getuid() == 0 {
		assert.NotContains(t, r.run(one, "", `{}`).body, `"user": 0`)
	}

	three := newTarget("python:3", whose, map[string]string{"MINE": "three", "PYTHONHASHSEED": "1"})
	r.mustInit(three)
	assert.Contains(t, r.run(three, "", `{}`).body, `"parent": `+itoa(os.Getpid()))
	assert.EqualValues(t, 1, r.Forks().Fallbacks[zygote.Environment])
	metrics := r.metrics(nil).body
	for _, want := range []string{"whiskaway_forks_total 2", `whiskaway_fork_fallbacks_total{cause="environment"} 1`, "whiskaway_fork_parent_up 1"} {
		assert.Contains(t, metrics, want)
	}

	pid, parent := pidOf(t, r.run(one, "", `{}`)), r.ParentPID()
	require.NoError(t, r.Stop(context.Background()))
	assert.False(t, alive(pid))
	assert.False(t, alive(parent))
}

func TestServer_ForkedFunctionsOutliveTheirParentsDeath(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	f := newTarget("python:3", whose, nil)
	r.mustInit(f)
	pid, parent := pidOf(t, r.run(f, "", `{}`)), r.ParentPID()
	require.NoError(t, syscall.Kill(parent, syscall.SIGKILL))
	r.eventually(func() bool { return !alive(pid) })
	assert.Equal(t, http.StatusOK, r.run(f, "", `{}`).status, "by a new process, whichever way")
	r.eventually(func() bool { return r.Forks().Up && r.ParentPID() != parent })
	again := newTarget("python:3", whose, map[string]string{"MINE": "again"})
	r.mustInit(again)
	assert.Contains(t, r.run(again, "", `{}`).body, `"parent": `+itoa(r.ParentPID()))
}

func TestServer_PreloadsWhatTheOwnerNames(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{Preload: []string{"wave"}})
	f := newTarget("python:3", "import sys\nLOADED = 'wave' in sys.modules\ndef main(args): return {'loaded': LOADED}", nil)
	r.mustInit(f)
	assert.Equal(t, `{"loaded": true}`, r.run(f, "", `{}`).body)

	for _, cfg := range []servermode.Config{
		{Preload: []string{"no_such_module"}}, {Preload: []string{"no such name"}}, {Preload: []string{"wave"}, NoFork: true},
	} {
		cfg.StateDir, cfg.Listen = harness.StateDir(t), "127.0.0.1:0"
		s := servermode.New(cfg)
		err := s.Start()
		require.ErrorIs(t, err, daemon.ErrConfig)
		assert.ErrorContains(t, err, "--preload")
		if !cfg.NoFork {
			assert.ErrorContains(t, err, cfg.Preload[0])
		}
	}
}

func TestServer_ExecutesWhereItCannotFork(t *testing.T) {
	harness.Needs(t, "python3")
	python := filepath.Join(harness.StateDir(t), "python")
	require.NoError(t, os.MkdirAll(filepath.Dir(python), 0o755))
	require.NoError(t, os.WriteFile(python, []byte("#!/bin/sh\n[ \"$3\" = --fork ] && exit 1\nexec /usr/bin/python3 \"$@\"\n"), 0o755))
	for name, cfg := range map[string]servermode.Config{"not wanted": {NoFork: true}, "not possible": {Python: python}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, cfg)
			f := newTarget("python:3", whose, nil)
			r.mustInit(f)
			assert.Contains(t, r.run(f, "", `{}`).body, `"parent": `+itoa(os.Getpid()))
			assert.Zero(t, r.Forks())
		})
	}
}
