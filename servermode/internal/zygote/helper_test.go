package zygote_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/python"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
	"github.com/whiskaway/whiskaway/servermode/internal/zygote"
)

// rig is a parent, and where its functions live.
type rig struct {
	*zygote.Parent
	t      *testing.T
	box    *sandbox.Sandbox
	python *python.Kind
	dir    string   // that every user can pass
	env    []string // what every function has

	mu    sync.Mutex // guards notes
	notes []string   // what Notice was told
}

// baseEnv is what every function has.
var baseEnv = []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "PYTHONIOENCODING=utf-8", "__OW_WAIT_FOR_ACK=1"}

// newRig makes all but the parent, with users as a server has them.
func newRig(t *testing.T) *rig {
	t.Helper()
	return newRigWith(t, "/usr/bin/python3", "python3")
}

func newRigWith(t *testing.T, pythons ...string) *rig {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "whiskaway-zygote-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o711))
	r := &rig{t: t, dir: dir, env: slices.Clone(baseEnv)}
	var users *sandbox.Users
	if os.Getuid() == 0 {
		users, err = sandbox.ClaimUsers()
		require.NoError(t, err)
		t.Cleanup(func() { _ = users.Close() })
	}
	r.box = sandbox.New(strconv.FormatUint(rand.Uint64(), 36), sandbox.Limits{Files: 200, Processes: 50, FileSize: 1 << 20}, users)
	t.Cleanup(r.box.Close)
	uid := -1
	if users != nil {
		uid = int(r.user().ID)
	}
	r.python, err = python.New(pythons, dir, uid)
	if err != nil {
		t.Skip("the test needs a Python: ", err)
	}
	return r
}

// open starts the parent.
func (r *rig) open(preload ...string) *rig {
	r.t.Helper()
	require.NoError(r.t, r.tryOpen(preload...))
	return r
}

func (r *rig) tryOpen(preload ...string) (err error) {
	r.Parent, err = zygote.Open(zygote.Config{
		Box: r.box, Interpreter: r.python.Path(), Launcher: filepath.Join(r.dir, "python.py"),
		Env: r.env, Preload: preload, Notice: r.note,
	})
	r.t.Cleanup(r.Parent.Close)
	return err
}

// module makes a module that can be preloaded, and is on every function's path.
func (r *rig) module(name, source string) {
	r.t.Helper()
	dir := filepath.Join(r.dir, "modules")
	require.NoError(r.t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
	require.NoError(r.t, os.WriteFile(filepath.Join(dir, name+".py"), []byte(source), 0o644))
	if path := "PYTHONPATH=" + dir; !slices.Contains(r.env, path) {
		r.env = append(r.env, path)
	}
}

func (r *rig) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, err.Error())
}

func (r *rig) noted() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.notes, "\n")
}

// user is one of the box's, none if it has none.
func (r *rig) user() *sandbox.User {
	if r.box.Users == nil {
		return nil
	}
	u, err := r.box.Users.Acquire()
	require.NoError(r.t, err)
	return u
}

// function is an action's folder and its user.
type function struct {
	rig  *rig
	user *sandbox.User
	dir  string
	venv string
	env  []string
	// alone: the venv hides the host's packages.
	alone bool
	// apart: each process has folders of its own.
	apart bool
}

// function lays out files, __main__.py among them, by their paths.
func (r *rig) function(files map[string]string, env ...string) *function {
	r.t.Helper()
	f := &function{rig: r, user: r.user(), env: env}
	var err error
	f.dir, err = os.MkdirTemp(r.dir, "function-")
	require.NoError(r.t, err)
	for name, text := range files {
		path := filepath.Join(f.dir, name)
		require.NoError(r.t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(r.t, os.WriteFile(path, []byte(text), 0o644))
	}
	if f.user != nil {
		out, err := exec.Command("chown", "-R", strconv.Itoa(int(f.user.ID)), f.dir).CombinedOutput()
		require.NoError(r.t, err, "%s", out)
	}
	return f
}

func (r *rig) action(source string, env ...string) *function {
	return r.function(map[string]string{"__main__.py": source}, env...)
}

// environ has the function's own last, so that it wins.
func (f *function) environ() []string { return slices.Concat(f.rig.env, f.env) }

func (f *function) program() zygote.Program {
	return zygote.Program{Env: f.environ(), Dir: f.dir, Folder: f.dir, Main: "main", Venv: f.venv, Apart: f.alone}
}

// start starts it: forked if it can be, where fork is set.
func (f *function) start(fork bool) *process.Process {
	f.rig.t.Helper()
	spec := process.Spec{
		Path: f.rig.python.Path(), Args: []string{"-B", filepath.Join(f.rig.dir, "python.py"), f.dir, "main"},
		Env: f.environ(), Dir: f.dir, WaitForAck: true, MaxResult: 16 << 20,
	}
	if f.venv != "" {
		spec.Path = filepath.Join(f.venv, "bin", "python")
	}
	if fork {
		spec.Fork = f.rig.For(f.program())
	}
	out := &sink{}
	ctx, stop := context.WithTimeout(f.rig.t.Context(), 30*time.Second)
	defer stop()
	group := f.rig.box.Group(f.user)
	if f.apart {
		var err error
		group.Folders, err = f.rig.box.Folders(sandbox.Place{Dir: filepath.Dir(f.dir), Action: f.dir, User: f.user, Keep: []string{f.rig.dir}})
		require.NoError(f.rig.t, err)
		spec.Closed = func() { assert.NoError(f.rig.t, group.Folders.Remove()) }
	}
	p, err := process.Start(ctx, group, spec, out)
	require.NoError(f.rig.t, err, "%s", &out.text)
	f.rig.t.Cleanup(p.Close)
	return p
}

// forked starts it, and checks that it was forked.
func (f *function) forked() *process.Process {
	f.rig.t.Helper()
	before := f.rig.Stats()
	p := f.start(true)
	after := f.rig.Stats()
	require.Equal(f.rig.t, before.Forks+1, after.Forks, "%v %s", after.Fallbacks, f.rig.noted())
	return p
}

// executed starts it, and checks that it was executed for this cause.
func (f *function) executed(cause zygote.Cause) *process.Process {
	f.rig.t.Helper()
	before := f.rig.Stats()
	p := f.start(true)
	after := f.rig.Stats()
	require.Equal(f.rig.t, before.Fallbacks[cause]+1, after.Fallbacks[cause], "%v", after)
	require.Equal(f.rig.t, before.Forks, after.Forks)
	return p
}

// sink keeps both streams in one text.
type sink struct{ text strings.Builder }

func (s *sink) Log(_ runtimespec.Stream, text []byte) { s.text.Write(text) }

// answer runs a process and decodes what it returned.
func answer[T any](t *testing.T, p *process.Process, value string) (out T) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	log := &sink{}
	result, err := p.Run(ctx, []byte(`{"value":`+value+"}\n"), log)
	require.NoError(t, err, "%s", &log.text)
	require.NoError(t, json.Unmarshal(result, &out), "%s %s", result, &log.text)
	return out
}
