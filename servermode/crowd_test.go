package servermode_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

// children returns the number of live processes that this one has started.
func children() (n int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		status, err := os.ReadFile("/proc/" + e.Name() + "/status")
		if err == nil && strings.Contains(string(status), fmt.Sprintf("\nPPid:\t%d\n", os.Getpid())) {
			n++
		}
	}
	return n
}

// 50 functions, their inits, runs and stops at once: each run gets its own
// function's answer, and nothing is left over.
func TestServer_FiftyFunctionsAtOnce(t *testing.T) {
	harness.Needs(t, "python3")
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	files, before := openFiles(t), children()
	r := newRig(t, servermode.Config{})
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() { busyClient(r, n) })
	}
	all.Wait()
	r.eventually(func() bool { return len(r.functions()) == 0 && len(r.folders()) == 0 })
	require.NoError(t, r.Stop(context.Background()))
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	r.eventually(func() bool { return openFiles(t) <= files })
	assert.Equal(t, before, children())
}

// busyClient is one client container's life: every third function is python.
func busyClient(r *rig, n int) {
	mine := fmt.Sprintf("f%d", n)
	f := newTarget("native", echo, map[string]string{"MINE": mine})
	want := fmt.Sprintf(`{"mine":%q,"canary":"","host":""}`, mine)
	if n%3 == 0 {
		f = newTarget("python:3", "import os\ndef main(args):\n    return {'mine': os.environ['MINE'], 'canary': '', 'host': ''}\n", map[string]string{"MINE": mine})
	}
	for round := range 3 {
		if a := r.init(f); !assert.Equal(r.t, http.StatusOK, a.status, a.body+a.stderr) {
			return
		}
		var runs sync.WaitGroup
		for k := range 3 {
			runs.Go(func() {
				a := r.run(f, fmt.Sprintf("%s-%d-%d", mine, round, k), `"env"`)
				assert.JSONEq(r.t, want, a.body)
			})
		}
		runs.Wait()
		assert.Equal(r.t, http.StatusOK, r.stop(f).status)
		f = f.another()
	}
}

// Inits, runs and stops of one function race each other. A run gets the right
// answer, or is told that nothing was started.
func TestServer_StopDuringRunsOfOneFunction(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	var all sync.WaitGroup
	for worker := range 4 {
		mine := f.another()
		all.Go(func() {
			for n := range 15 {
				r.init(mine)
				value := fmt.Sprintf(`"%d/%d"`, worker, n)
				a := r.run(mine, fmt.Sprintf("%d-%d", worker, n), value)
				if a.status == http.StatusOK {
					assert.Equal(t, `{"value":`+value+`}`, a.body)
				} else {
					assert.Equal(t, runtimespec.UnknownFunction, a.reason, a.body)
				}
				r.stop(mine)
			}
		})
	}
	all.Wait()
	r.eventually(func() bool { return len(r.functions()) == 0 && len(r.folders()) == 0 })
}
