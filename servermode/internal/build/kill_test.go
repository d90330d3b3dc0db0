package build_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/build"
)

// lingers starts a process that would stay, prints its pid, and hangs.
const lingers = `setsid sleep 300 & echo "pid $!."; sleep 300`

func pidIn(t *testing.T, out *output) int {
	t.Helper()
	_, rest, ok := strings.Cut(out.String(), "pid ")
	text, _, whole := strings.Cut(rest, ".")
	if !ok || !whole {
		return 0
	}
	pid, err := strconv.Atoi(text)
	require.NoError(t, err)
	return pid
}

// runs reports whether a process exists and is no zombie.
func runs(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestBuilder_BuildThatTakesTooLongIsEndedWithItsTree(t *testing.T) {
	r := newRig(t, func(c *build.Config) { c.Timeout = 500 * time.Millisecond })
	out := &output{}
	_, err := r.Get(t.Context(), shell("slow", lingers), out)
	require.EqualError(t, err, "the build took too long and was ended after 500ms")
	pid := pidIn(t, out)
	require.NotZero(t, pid)
	assert.False(t, runs(pid), "what it started has ended too")
}

func TestBuilder_CloseEndsBuilds(t *testing.T) {
	r := newRig(t)
	out, failed := &output{}, make(chan error, 1)
	go func() { _, err := r.Get(t.Context(), shell("slow", lingers), out); failed <- err }()
	eventually(t, "it runs", func() bool { return pidIn(t, out) != 0 })
	require.NoError(t, r.Close())
	require.ErrorIs(t, <-failed, build.ErrClosed)
	assert.False(t, runs(pidIn(t, out)))
	_, err := r.Get(t.Context(), shell("other", "true"), out)
	require.ErrorIs(t, err, build.ErrClosed)
}

func TestBuilder_BuildsWaitForTheirTurn(t *testing.T) {
	r := newRig(t, func(c *build.Config) { c.AtOnce = 1 })
	dir := filepath.Dir(r.cfg.Dir) // every user can enter it
	first, second := &output{}, &output{}
	done := make(chan error, 2)
	go func() {
		_, err := r.Get(t.Context(), shell("first", `echo on; while ! [ -e "`+dir+`/go" ]; do sleep 0.01; done`), first)
		done <- err
	}()
	eventually(t, "the first runs", func() bool { return first.String() == "on\n" })
	go func() { _, err := r.Get(t.Context(), shell("second", `echo on`), second); done <- err }()
	eventually(t, "the second waits", func() bool { return strings.Contains(second.String(), "waiting for other builds") })
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go"), nil, 0o644))
	require.NoError(t, <-done)
	require.NoError(t, <-done)
}

func TestJob_CannotTouchWhatIsNotItsOwn(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("without root builds run as the server's own user")
	}
	r := newRig(t)
	p, err := r.Get(t.Context(), shell("first", `echo made >"$1/file"; chmod 4777 "$1/file"`), &output{})
	require.NoError(t, err)
	defer p.Release()
	out := &output{}
	_, err = r.Get(t.Context(), shell("second", `id -u; echo spoilt >"`+p.Dir+`/file" || ls "`+filepath.Dir(filepath.Dir(p.Dir))+`" || echo "not mine"`), out)
	require.NoError(t, err)
	assert.Contains(t, out.String(), "not mine")
	assert.NotEqual(t, "0\n", out.String()[:2])
	assert.Equal(t, "made\n", content(t, p, "file"))
	info, err := os.Stat(filepath.Join(p.Dir, "file"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o755), info.Mode(), "no setuid survives")
}

func TestJob_WhatItLinksToStaysAsItWas(t *testing.T) {
	r := newRig(t)
	secret := filepath.Join(filepath.Dir(r.cfg.Dir), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("x"), 0o600))
	p, err := r.Get(t.Context(), build.Order{Key: "k", Make: func(ctx context.Context, j *build.Job) error {
		// The server makes the link, because most kernels keep a function from
		// making it.
		return errors.Join(os.Link(secret, filepath.Join(j.Dir, "hard")), os.Symlink(secret, filepath.Join(j.Dir, "soft")))
	}}, &output{})
	require.NoError(t, err)
	p.Release()
	if os.Getuid() != 0 {
		t.Skip("without root the file is the build's own")
	}
	info, err := os.Stat(secret)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestJob_SeesOnlyTheOwnersPackageSettings(t *testing.T) {
	t.Setenv("PIP_FIND_LINKS", "/wheels")
	t.Setenv("CANARY", "secret")
	r := newRig(t)
	out := &output{}
	_, err := r.Get(t.Context(), shell("env", `env; echo "$HOME" | grep -q scratch && echo home`), out)
	require.NoError(t, err)
	assert.Contains(t, out.String(), "PIP_FIND_LINKS=/wheels")
	assert.Contains(t, out.String(), "home\n")
	assert.NotContains(t, out.String(), "CANARY")
}

func TestBuilder_EvictsWhatWasUnusedForLongest(t *testing.T) {
	r := newRig(t, func(c *build.Config) { c.MaxBytes = 3 << 20 })
	mib := func(key string) build.Order { return shell(key, `head -c 1048576 /dev/zero >"$1/file"; echo `+key) }
	get := func(key string) (*build.Product, bool) {
		out := &output{}
		p, err := r.Get(t.Context(), mib(key), out)
		require.NoError(t, err)
		return p, out.String() != ""
	}
	held, fresh := get("a")
	require.True(t, fresh)
	for _, key := range []string{"b", "c", "d", "e"} {
		p, fresh := get(key)
		require.True(t, fresh, key)
		p.Release()
	}
	assert.FileExists(t, filepath.Join(held.Dir, "file"), "what is used stays")
	held.Release()
	held.Release() // a second release must not count
	_, fresh = get("e")
	assert.False(t, fresh, "the newest stays")
	_, fresh = get("b")
	assert.True(t, fresh, "the oldest that was unused went")
}

func TestOpen_ClearsWhatAKilledServerWasBuilding(t *testing.T) {
	r := newRig(t)
	p, err := r.Get(t.Context(), shell("whole", `echo made >"$1/file"`), &output{})
	require.NoError(t, err)
	half := filepath.Join(r.cfg.Dir, "made", "half", "folder")
	scratch := filepath.Join(r.cfg.Dir, "scratch-1")
	require.NoError(t, os.MkdirAll(half, 0o755))
	require.NoError(t, os.MkdirAll(scratch, 0o755))
	evicted := filepath.Join(r.cfg.Dir, "evicted-1")
	require.NoError(t, os.MkdirAll(evicted, 0o755))
	r.reopen()
	assert.NoDirExists(t, evicted)
	assert.NoDirExists(t, filepath.Dir(half))
	assert.NoDirExists(t, scratch)
	assert.Equal(t, "made\n", content(t, p, "file"))
}
