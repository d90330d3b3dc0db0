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

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

const diskIsFull = "the server's disk is full: its owner has to make room in the state folder"

// A server that started on a full disk would be ready, but without Python and Node
// until its end. So it does not start, and a restart finds room.
func TestServer_DoesNotStartHalfOnAFullDisk(t *testing.T) {
	disk := harness.SmallDisk(t, 4<<20)
	state := filepath.Join(disk, "state")
	r := newRig(t, servermode.Config{StateDir: state})
	kinds := r.ready().body
	require.NoError(t, r.Stop(t.Context()))
	require.NoError(t, os.RemoveAll(filepath.Join(state, "launchers")))
	free := harness.Fill(t, disk)
	err := servermode.New(servermode.Config{StateDir: state, Listen: "127.0.0.1:0", Log: zap.NewNop()}).Start()
	require.ErrorContains(t, err, "no space left on device")
	assert.NotErrorIs(t, err, daemon.ErrConfig, "a restart needs no other configuration")
	free()
	again := newRig(t, servermode.Config{StateDir: state})
	assert.Equal(t, len(kinds), len(again.ready().body))
}

// An author whose function finds the disk full is told at once. No caller is told to
// come again.
func TestServer_AFullDiskReachesTheAuthorAtOnce(t *testing.T) {
	disk := harness.SmallDisk(t, 8<<20)
	r := newRig(t, servermode.Config{StateDir: filepath.Join(disk, "state")})
	warm := newTarget("native", echo, nil)
	r.mustInit(warm)
	free := harness.Fill(t, disk)
	for name, f := range map[string]target{
		"code that is new":  newTarget("native", echo+"\n# "+strings.Repeat("x", 64<<10), nil),
		"code that is kept": newTarget("native", echo, map[string]string{"MINE": "other"}),
	} {
		a := r.init(f)
		assert.Equal(t, runtimespec.HostFailed, a.reason, name)
		assert.Equal(t, http.StatusServiceUnavailable, a.status)
		assert.Empty(t, a.header.Get("Retry-After"))
		assert.Contains(t, a.body, diskIsFull, name)
	}
	assert.Equal(t, `{"value":1}`, r.run(warm, "", "1").body, "what is warm runs")
	r.eventually(func() bool { return r.ready().status == http.StatusServiceUnavailable })
	assert.Contains(t, r.ready().body, "the state folder has no room")
	free()
	r.mustInit(newTarget("native", echo, map[string]string{"MINE": "other"}))
	r.eventually(func() bool { return r.ready().status == http.StatusOK })
}

// A kind that the owner configured and that has gone makes the server unready.
func TestReady_AConfiguredKindThatIsGone(t *testing.T) {
	const python = "/usr/bin/python3"
	if _, err := os.Stat(python); err != nil {
		t.Skip(err)
	}
	named := filepath.Join(harness.OpenDir(t), "python3")
	require.NoError(t, os.Symlink(python, named))
	r := newRig(t, servermode.Config{Python: named, NoFork: true})
	require.Equal(t, http.StatusOK, r.ready().status)
	require.NoError(t, os.Remove(named))
	r.eventually(func() bool { return r.ready().status == http.StatusServiceUnavailable })
	assert.Contains(t, r.ready().body, "the kind python:3 is configured")
	assert.NotContains(t, r.ready().body, named)
	require.NoError(t, os.Symlink(python, named))
	r.eventually(func() bool { return r.ready().status == http.StatusOK })
}
