package build_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
	"github.com/whiskaway/whiskaway/servermode/internal/tree"
)

// rig is a builder with its parts.
type rig struct {
	t   *testing.T
	cfg build.Config
	*build.Builder
}

// newRig opens a builder. Its commands run as a user of their own if the test can
// provide one.
func newRig(t *testing.T, change ...func(*build.Config)) *rig {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "whiskaway-build-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { assert.NoError(t, tree.Remove(dir)) })
	var users *sandbox.Users
	if os.Getuid() == 0 {
		users, err = sandbox.ClaimUsers()
		require.NoError(t, err)
		t.Cleanup(func() { _ = users.Close() })
	}
	box := sandbox.New(t.Name()+strconv.FormatUint(rand.Uint64(), 36), sandbox.DefaultLimits, users)
	t.Cleanup(box.Close)
	r := &rig{t: t, cfg: build.Config{Dir: filepath.Join(dir, "builds"), Box: box, AtOnce: 2, Timeout: time.Minute, MaxBytes: 1 << 30}}
	for _, c := range change {
		c(&r.cfg)
	}
	r.reopen()
	t.Cleanup(func() { assert.NoError(t, r.Close()) })
	return r
}

func (r *rig) reopen() {
	r.t.Helper()
	var err error
	r.Builder, err = build.Open(r.cfg)
	require.NoError(r.t, err)
}

// output is a sink that can be read.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Log(_ runtimespec.Stream, text []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// shell returns an order that a script carries out; $1 is the folder to fill.
func shell(key, script string) build.Order {
	return build.Order{Tenant: "t", Key: key, Make: func(ctx context.Context, j *build.Job) error {
		return j.Run(ctx, build.Command{Path: "/bin/sh", Args: []string{"-c", script, "sh", j.Dir}, Dir: j.Scratch})
	}}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	require.Eventually(t, holds, 20*time.Second, 2*time.Millisecond, what)
}

func content(t *testing.T, p *build.Product, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.Dir, file))
	require.NoError(t, err)
	return string(text)
}

func TestBuilder_BuildsOnceAndKeeps(t *testing.T) {
	r := newRig(t)
	var times atomic.Int64
	order := shell("k", `echo progress; echo trouble >&2; echo made >"$1/file"; chmod 700 "$1/file"; ln -s file "$1/link"`)
	script := order.Make
	order.Make = func(ctx context.Context, j *build.Job) error { times.Add(1); return script(ctx, j) }
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			out := &output{}
			p, err := r.Get(t.Context(), order, out)
			if assert.NoError(t, err) {
				assert.Equal(t, "made\n", content(t, p, "link"))
				p.Release()
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, times.Load())

	require.NoError(t, r.Close())
	r.reopen()
	p, err := r.Get(t.Context(), order, &output{})
	require.NoError(t, err)
	defer p.Release()
	assert.EqualValues(t, 1, times.Load(), "it is there after a restart")
	info, err := os.Stat(filepath.Join(p.Dir, "file"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o755), info.Mode().Perm(), "others can run it and not change it")
	other, err := r.Get(t.Context(), build.Order{Tenant: "u", Key: "k", Make: order.Make}, &output{})
	require.NoError(t, err)
	defer other.Release()
	assert.EqualValues(t, 2, times.Load(), "another tenant's is its own")
}

func TestBuilder_BuildOutlivesItsInit(t *testing.T) {
	r := newRig(t)
	gate := filepath.Join(t.TempDir(), "gate")
	order := build.Order{Key: "slow", Make: func(ctx context.Context, j *build.Job) error {
		j.Print("half way")
		for ctx.Err() == nil {
			if _, err := os.Stat(gate); err == nil {
				return os.WriteFile(filepath.Join(j.Dir, "file"), []byte("made"), 0o644)
			}
			time.Sleep(time.Millisecond)
		}
		return ctx.Err()
	}}
	gone := errors.New("the init's time is over")
	ctx, leave := context.WithCancelCause(t.Context())
	first, second := &output{}, &output{}
	failed := make(chan error, 1)
	go func() { _, err := r.Get(ctx, order, first); failed <- err }()
	eventually(t, "the build is under way", func() bool { return strings.Contains(first.String(), "half way") })
	leave(gone)
	err := <-failed
	require.ErrorIs(t, err, build.ErrUnfinished)
	require.ErrorIs(t, err, gone)

	got := make(chan *build.Product, 1)
	go func() {
		p, err := r.Get(t.Context(), order, second)
		assert.NoError(t, err)
		got <- p
	}()
	eventually(t, "the next init is told what happened before", func() bool { return strings.Contains(second.String(), "half way") })
	require.NoError(t, os.WriteFile(gate, nil, 0o600))
	p := <-got
	assert.Equal(t, "made", content(t, p, "file"))
	p.Release()
}

func TestBuilder_FailuresLeaveNothing(t *testing.T) {
	r := newRig(t)
	fails := shell("bad", `echo first >&2; echo "what is wrong" >&2; mkdir -p "$1/a/b"; chmod 0 "$1/a"; exit 3`)
	for range 2 {
		out := &output{}
		_, err := r.Get(t.Context(), fails, out)
		var exit *build.ExitError
		require.ErrorAs(t, err, &exit)
		assert.Equal(t, "what is wrong", exit.Cause())
		assert.Contains(t, err.Error(), "exit status 3")
		assert.Contains(t, out.String(), "first\n")
	}
	_, err := r.Get(t.Context(), shell("silent", "exit 1"), &output{})
	var exit *build.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, "sh: exit status 1", exit.Cause())
	made, err := os.ReadDir(filepath.Join(r.cfg.Dir, "made"))
	require.NoError(t, err)
	assert.Empty(t, made)
	scratch, err := filepath.Glob(filepath.Join(r.cfg.Dir, "scratch-*"))
	require.NoError(t, err)
	assert.Empty(t, scratch)
}

func TestBuilder_UnseenFailureIsReportedOnce(t *testing.T) {
	r := newRig(t)
	var times atomic.Int64
	started, gate := make(chan struct{}, 2), make(chan struct{})
	order := build.Order{Key: "k", Make: func(_ context.Context, j *build.Job) error {
		times.Add(1)
		started <- struct{}{}
		<-gate
		j.Print("the reason")
		return errors.New("it failed")
	}}
	ctx, leave := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() { _, err := r.Get(ctx, order, &output{}); failed <- err }()
	<-started
	leave()
	require.ErrorIs(t, <-failed, build.ErrUnfinished)
	close(gate)
	made := filepath.Join(r.cfg.Dir, "made")
	eventually(t, "it has failed", func() bool { entries, _ := os.ReadDir(made); return len(entries) == 0 })
	out := &output{}
	_, err := r.Get(t.Context(), order, out)
	require.EqualError(t, err, "it failed")
	assert.Contains(t, out.String(), "the reason")
	assert.EqualValues(t, 1, times.Load())
	_, err = r.Get(t.Context(), order, &output{})
	require.EqualError(t, err, "it failed")
	assert.EqualValues(t, 2, times.Load(), "it is tried again")
}
