package servermode_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
)

func TestInit_HintsBeyondLimitsAreRefused(t *testing.T) {
	r := newRig(t, servermode.Config{MaxInstances: 8, MaxKeepAlive: time.Hour})
	for name, c := range map[string]struct{ hint, value, says string }{
		"too many":          {"WHISKAWAY_MAX_INSTANCES", "9", "allows 8 (--max-instances)"},
		"none":              {"WHISKAWAY_MAX_INSTANCES", "0", "at least 1"},
		"no number":         {"WHISKAWAY_MAX_INSTANCES", "many", "whole number"},
		"huge":              {"WHISKAWAY_MAX_INSTANCES", strings.Repeat("9", 99), "whole number"},
		"too long":          {"WHISKAWAY_KEEP_ALIVE", "61m", "allows 1h0m0s (--max-keep-alive)"},
		"too long, seconds": {"WHISKAWAY_KEEP_ALIVE", "3601", "--max-keep-alive"},
		"forever":           {"WHISKAWAY_KEEP_ALIVE", "forever", "--max-keep-alive"},
		"negative":          {"WHISKAWAY_KEEP_ALIVE", "-5m", "duration"},
		"nonsense":          {"WHISKAWAY_KEEP_ALIVE", "soon", "duration"},
	} {
		t.Run(name, func(t *testing.T) {
			a := r.init(newTarget("native", echo, map[string]string{c.hint: c.value}))
			assert.Equal(t, http.StatusBadRequest, a.status)
			assert.Equal(t, runtimespec.BadRequest, a.reason)
			assert.Contains(t, a.body, c.hint)
			assert.Contains(t, a.body, c.says)
		})
	}
	assert.Empty(t, r.functions())
}

// pids runs n activations at once and returns the processes that executed them.
func (r *rig) pids(f target, n int) map[int]bool {
	var mu sync.Mutex
	pids := map[int]bool{}
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			a := r.run(f, "", `"nap"`)
			require.Equal(r.t, http.StatusOK, a.status, a.body)
			mu.Lock()
			pids[pidOf(r.t, a)] = true
			mu.Unlock()
		})
	}
	all.Wait()
	return pids
}

// nap answers with its process after a moment.
const nap = "#!/bin/bash\nwhile read -r line; do sleep 0.1; echo \"{\\\"pid\\\":$$}\" >&3; done\n"

func TestPool_GrowsToTheAuthorsWishAndShrinks(t *testing.T) {
	r := newRig(t, servermode.Config{Instances: 1, KeepAlive: time.Second})
	one, three := newTarget("native", nap, nil), newTarget("native", nap, map[string]string{"WHISKAWAY_MAX_INSTANCES": "3"})
	gpu := newTarget("native", nap, map[string]string{"WHISKAWAY_GPU": "1"})
	for _, f := range []target{one, three, gpu} {
		r.mustInit(f)
	}
	assert.Len(t, r.pids(one, 6), 1)
	assert.Len(t, r.pids(three, 9), 3)
	r.eventually(func() bool {
		for _, f := range r.functions() {
			if len(f.Instances) > 1 {
				return false
			}
		}
		return true
	})
	r.eventually(func() bool { return r.functions()[0].State == "cold" })
}

func TestPool_AFunctionWithAGPUHasOneInstance(t *testing.T) {
	r := newRig(t, servermode.Config{Instances: 4})
	gpu := newTarget("native", nap, map[string]string{"WHISKAWAY_GPU": "1"})
	r.mustInit(gpu)
	assert.Len(t, r.pids(gpu, 6), 1)
}

func TestPool_KeepAliveZeroEndsWithTheRun(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, map[string]string{"WHISKAWAY_KEEP_ALIVE": "0"})
	r.mustInit(f)
	pid := pidOf(t, r.run(f, "", `"pid"`))
	r.eventually(func() bool { return !alive(pid) })
	assert.NotEqual(t, pid, pidOf(t, r.run(f, "", `"pid"`)))
}

func TestPool_KeepAliveForever(t *testing.T) {
	r := newRig(t, servermode.Config{KeepAlive: time.Millisecond})
	kept, other := newTarget("native", echo, map[string]string{"WHISKAWAY_KEEP_ALIVE": "forever"}), newTarget("native", echo, nil)
	r.mustInit(kept)
	r.mustInit(other)
	pid := pidOf(t, r.run(kept, "", `"pid"`))
	gone := pidOf(t, r.run(other, "", `"pid"`))
	r.eventually(func() bool { return !alive(gone) })
	assert.True(t, alive(pid))
}

func TestPool_RefusalSaysWhenToComeAgain(t *testing.T) {
	r := newRig(t, servermode.Config{Instances: 1, Queue: 1})
	f := newTarget("native", strings.ReplaceAll(nap, "0.1", "2"), nil)
	r.mustInit(f)
	r.run(f, "", `1`) // now the server knows how long a run takes
	var others sync.WaitGroup
	for range 2 {
		others.Go(func() { r.run(f, "", `1`) })
	}
	r.eventually(func() bool { return r.functions()[0].Waiting == 1 })
	a := r.run(f, "", `1`)
	assert.Equal(t, runtimespec.Saturated, a.reason)
	assert.Equal(t, http.StatusServiceUnavailable, a.status)
	assert.Equal(t, "5", a.header.Get("Retry-After"), "two runs of two seconds and a little")
	others.Wait()
}
