package loadbalancer_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/test/harness"
)

// A full disk reaches the author at once, turns readiness and is counted, while
// what servers have goes on; when there is room again all is as before.
func TestBalancer_AFullDiskIsSaidAtOnce(t *testing.T) {
	dir := harness.SmallDisk(t, 1<<20)
	r := before(t, loadbalancer.Config{StateDir: dir}, newFake(t))
	f := newTarget(small)
	r.mustInit(f)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "code"))) // what would make room
	free := harness.Fill(t, dir)

	a := r.init(newTarget(large))
	assert.Equal(t, http.StatusInternalServerError, a.status)
	assert.Equal(t, runtimespec.Internal, a.reason, "no reason that has it sent again")
	assert.Contains(t, a.body, "disk")
	assert.Contains(t, a.body, "full")
	assert.NotContains(t, a.body, dir)
	ready := r.get(runtimespec.PathReady)
	assert.Equal(t, http.StatusServiceUnavailable, ready.status)
	assert.Contains(t, ready.body, "disk")
	r.shows("whiskaway_balancer_disk_full 1")
	r.mustRun(f)

	free()
	r.eventually(func() bool { return r.get(runtimespec.PathReady).status == http.StatusOK })
	r.shows("whiskaway_balancer_disk_full 0")
	r.mustInit(newTarget(large))
}

// A disk that has no room for one function's code stays full until it has: less
// that can be written changes nothing.
func TestBalancer_AFullDiskStaysSoUntilTheCodeFits(t *testing.T) {
	dir := harness.SmallDisk(t, 1<<20)
	r := before(t, loadbalancer.Config{StateDir: dir}, newFake(t))
	others := filepath.Join(dir, "others")
	require.NoError(t, os.WriteFile(others, make([]byte, 700<<10), 0o600))
	f := newTarget(strings.Repeat("#", 900<<10))
	for range 3 {
		assert.Contains(t, r.init(f).body, "full")
		r.CheckDisk()
		assert.Equal(t, http.StatusServiceUnavailable, r.get(runtimespec.PathReady).status)
		r.mustInit(newTarget(large).unlike()) // it fits, and says nothing about what does not
		r.CheckDisk()
		assert.Equal(t, http.StatusServiceUnavailable, r.get(runtimespec.PathReady).status)
	}
	require.NoError(t, os.Remove(others))
	r.CheckDisk()
	assert.Equal(t, http.StatusOK, r.get(runtimespec.PathReady).status)
	r.mustInit(f)
}

// One function's code that is too large for the disk is its author's concern
// while there is room for others'.
func TestBalancer_ADiskWithRoomForOthersIsNotFull(t *testing.T) {
	r := before(t, loadbalancer.Config{StateDir: harness.SmallDisk(t, 66<<20)}, newFake(t))
	f := newTarget(strings.Repeat("#", 70<<20))
	a := r.init(f)
	assert.Equal(t, http.StatusInternalServerError, a.status)
	assert.Contains(t, a.body, "full")
	for range 2 {
		ready := r.get(runtimespec.PathReady)
		assert.Equal(t, http.StatusOK, ready.status, "%s", ready.body)
		r.CheckDisk()
	}
	r.mustInit(newTarget(large))
}
