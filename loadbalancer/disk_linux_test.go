package loadbalancer_test

import (
	"net/http"
	"os"
	"path/filepath"
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
