package arms_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
	"github.com/whiskaway/whiskaway/bench/internal/load"
)

// binaries are the product's, as make build has them.
var binaries = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "whiskaway-arms-")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", dir+"/", "./cmd/clientmode", "./cmd/loadbalancer", "./cmd/servermode")
	build.Dir = "../../.." // the product's module
	build.Env, build.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	return dir, build.Run()
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := binaries(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// newRig has the peer as an arm too, if PEER_BIN names it.
func newRig(t *testing.T) *arms.Rig {
	t.Helper()
	bins, err := binaries()
	require.NoError(t, err)
	r, err := arms.Open(bins, "", os.Getenv("PEER_BIN"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Close()) })
	return r
}

var everyArm = []string{arms.Exchange, arms.Floor, arms.Direct, arms.DirectApache, arms.Plain, arms.Shipped, arms.Best, arms.Ours, arms.OursPython, arms.Balanced, arms.OverNginx, arms.OverHAProxy}

func TestArm_Echoes(t *testing.T) {
	rig := newRig(t)
	native, err := rig.Native()
	require.NoError(t, err)
	actions := map[string]arms.Action{"native": native}
	python, err := arms.Python()
	if err != nil {
		t.Logf("no Python actions: %v", err)
	} else {
		actions["Python"] = python
	}
	for _, arm := range rig.Arms(everyArm...) {
		for name, action := range actions {
			t.Run(arm.Key+" "+name, func(t *testing.T) { echoes(t, rig, arm, action) })
		}
	}
}

func echoes(t *testing.T, rig *arms.Rig, arm *arms.Arm, action arms.Action) {
	chain, err := arm.Start(rig)
	require.NoError(t, err)
	defer func() { assert.NoError(t, chain.Stop()) }()
	container, err := chain.Container(action)
	require.NoError(t, err)
	require.NoError(t, chain.Init(t.Context(), container, chain.InitBody(action)))
	for size, runs := range map[int]int64{12: 10, 1_000_000: 2} {
		work, err := load.NewEcho(size, 0)
		require.NoError(t, err)
		r := load.Closed(t.Context(), []*load.Target{container}, work, load.Plan{Runs: runs})
		assert.EqualValues(t, runs, r.Answered, "%d bytes", size)
		assert.Empty(t, r.Errors)
	}
	pids := chain.PIDs()
	assert.Len(t, pids[arms.PartContainer], 1)
	if arm.Key != arms.Exchange {
		assert.NotEmpty(t, pids[arms.PartFunctions])
	}
}

func TestChain_SecondContainerRunsTheSameFunction(t *testing.T) {
	rig := newRig(t)
	action, err := rig.Sized(3_000_000)
	require.NoError(t, err)
	action.Concurrent = true
	for _, arm := range rig.Arms(arms.Best, arms.Ours) {
		chain, err := arm.Start(rig)
		require.NoError(t, err)
		var targets []*load.Target
		for range 2 {
			container, err := chain.Container(action)
			require.NoError(t, err)
			require.NoError(t, chain.Init(t.Context(), container, chain.InitBody(action)))
			targets = append(targets, container)
		}
		work, err := load.NewEcho(100, 0)
		require.NoError(t, err)
		r := load.Closed(t.Context(), targets, work, load.Plan{Runs: 100, Callers: 16})
		if arm.Key == arms.Ours { // the other loses one now and then
			assert.EqualValues(t, 100, r.Answered)
			assert.Empty(t, r.Errors)
		}
		before := chain.PIDs()[arms.PartFunctions]
		assert.NoError(t, chain.Stop())
		for _, pid := range before {
			assert.Eventually(t, func() bool { return gone(pid) }, 20*time.Second, time.Millisecond, "%s: its functions end with it", arm.Key)
		}
	}
}

func gone(pid int) bool {
	_, err := os.Stat(fmt.Sprintf("/proc/%d/exe", pid))
	return err != nil
}

// A log that is truncated but not appended to goes on where it was, after zeros.
func TestBest_LogsDoNotGrow(t *testing.T) {
	if os.Getenv("PEER_BIN") == "" {
		t.Skip("PEER_BIN names no peer")
	}
	rig := newRig(t)
	action, err := rig.Native()
	require.NoError(t, err)
	const runs = 50
	ends := map[string]int{}
	for _, arm := range rig.Arms(arms.Best, arms.Shipped) {
		chain, err := arm.Start(rig)
		require.NoError(t, err)
		container, err := chain.Container(action)
		require.NoError(t, err)
		require.NoError(t, chain.Init(t.Context(), container, chain.InitBody(action)))
		work, err := load.NewEcho(12, 0)
		require.NoError(t, err)
		r := load.Closed(t.Context(), []*load.Target{container}, work, load.Plan{Runs: runs})
		require.EqualValues(t, runs, r.Answered)
		ends[arm.Key] = logEnd(t, chain.PIDs()[arms.PartServer][0])
		assert.NoError(t, chain.Stop())
	}
	const sentinel = 38 // bytes
	assert.Equal(t, runs*sentinel, ends[arms.Shipped])
	assert.Equal(t, sentinel, ends[arms.Best])
}

// logEnd is up to where a server's logs have been written.
func logEnd(t *testing.T, pid int) (end int) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	require.NoError(t, err)
	for _, file := range files {
		name, _ := os.Readlink(file)
		if strings.HasPrefix(filepath.Base(name), "out-log") {
			info, err := os.ReadFile(strings.Replace(file, "/fd/", "/fdinfo/", 1))
			require.NoError(t, err)
			_, err = fmt.Sscanf(string(info), "pos: %d", &end)
			require.NoError(t, err)
		}
	}
	return end
}

func TestOpen_SaysWhatIsMissing(t *testing.T) {
	_, err := arms.Open(t.TempDir(), "", "")
	assert.ErrorContains(t, err, "call make build first")
}
