package servermode_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

func (r *rig) ready() got {
	r.t.Helper()
	resp, err := r.request(r.t.Context(), http.MethodGet, runtimespec.PathReady, nil, nil)
	require.NoError(r.t, err)
	return r.read(resp)
}

// The scheduler hangs in a sweep. A server that still answers is not ready.
func TestReady_SaysThatTheSchedulerIsStuck(t *testing.T) {
	stuck, started := make(chan struct{}), make(chan struct{})
	free := sync.OnceFunc(func() { close(stuck) })
	s := servermode.New(servermode.Config{Listen: "127.0.0.1:0", StateDir: harness.StateDir(t), KeepAlive: time.Millisecond})
	r := &rig{Server: s, t: t}
	first := sync.OnceFunc(func() { close(started) })
	s.SweepWith(func(time.Time) { first(); <-stuck })
	require.NoError(t, s.Start())
	t.Cleanup(func() { free(); assert.NoError(t, s.Stop(context.Background())) })
	assert.Equal(t, http.StatusOK, r.ready().status)
	<-started
	s.Silence(7 * time.Second)
	a := r.ready()
	assert.Equal(t, http.StatusServiceUnavailable, a.status)
	assert.JSONEq(t, `{"ready":false,"reason":"the scheduler has not answered for 7s"}`, a.body)
	assert.NotEmpty(t, a.header.Get(runtimespec.HeaderServer))
	for range 100 { // many sweeps would have been due meanwhile
		require.Equal(t, http.StatusServiceUnavailable, r.ready().status)
	}
	free()
	r.eventually(func() bool { return r.ready().status == http.StatusOK })
}

func TestReady_SaysThatThereIsNoRoom(t *testing.T) {
	dir := smallDisk(t)
	r := newRig(t, servermode.Config{StateDir: filepath.Join(dir, "state")})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	assert.Equal(t, http.StatusOK, r.ready().status)
	full := filepath.Join(dir, "full")
	fill(t, full)
	r.eventually(func() bool { return r.ready().status == http.StatusServiceUnavailable })
	assert.JSONEq(t, `{"ready":false,"reason":"the state folder has no room"}`, r.ready().body)
	assert.Equal(t, http.StatusOK, r.run(f, "", `1`).status, "what is warm needs none")
	require.NoError(t, os.Remove(full))
	r.eventually(func() bool { return r.ready().status == http.StatusOK })
	assert.NoFileExists(t, filepath.Join(dir, "state", "room"))
}

// smallDisk is a file system of a few megabytes.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := harness.OpenDir(t)
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m,mode=711")
	if err != nil {
		t.Skipf("mounting a small tmpfs needs root: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// fill writes a file until the disk has no room.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 64<<10))
	}
	for err = nil; err == nil; { // to the last byte
		_, err = f.Write([]byte{0})
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
}
