package servermode_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
)

func TestServer_StopFreesWithTheLastLease(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	second := f.another()
	r.mustInit(f)
	r.mustInit(second)
	pid := pidOf(t, r.run(f, "", `"pid"`))
	assert.Equal(t, http.StatusOK, r.stop(f).status)
	assert.Equal(t, pid, pidOf(t, r.run(second, "", `"pid"`)), "another lease needs it still")
	assert.Equal(t, http.StatusOK, r.stop(second).status)
	assert.Empty(t, r.functions(), "routing ends at once")
	r.eventually(func() bool { return !alive(pid) && len(r.folders()) == 0 })
	assert.Equal(t, http.StatusOK, r.stop(second).status, "idempotent")
	assert.Equal(t, runtimespec.UnknownFunction, r.run(f, "", `{}`).reason)
}

func TestServer_IdleProcessIsEvictedAndComesBack(t *testing.T) {
	r := newRig(t, servermode.Config{KeepAlive: 50 * time.Millisecond})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	pid := pidOf(t, r.run(f, "", `"pid"`))
	r.eventually(func() bool { return !alive(pid) })
	r.eventually(func() bool { return r.functions()[0].State == "cold" })
	assert.EqualValues(t, 1, r.functions()[0].Evictions)
	assert.NotEqual(t, pid, pidOf(t, r.run(f, "", `"pid"`)))
}

func TestServer_LeaseExpires(t *testing.T) {
	r := newRig(t, servermode.Config{Lease: 50 * time.Millisecond})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	r.eventually(func() bool { return len(r.functions()) == 0 && len(r.folders()) == 0 })
}

func TestServer_CrashedFunctionIsRestartedByTheNextRun(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	a := r.run(f, "", `"die"`)
	assert.Equal(t, runtimespec.Crashed, a.reason)
	assert.Equal(t, "last words\n", a.stdout)
	assert.Equal(t, `{"value":1}`, r.run(f, "", `1`).body)

	pid := pidOf(t, r.run(f, "", `"pid"`))
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL)) // from outside, while idle
	r.eventually(func() bool { return !alive(pid) })
	assert.NotEqual(t, pid, pidOf(t, r.run(f, "", `"pid"`)))
}

// sleeper starts a run that never ends by itself, and returns its answer and its
// processes.
func (r *rig) sleeper(f target, header http.Header) (answer <-chan got, pids []int) {
	pid := pidOf(r.t, r.run(f, "", `"pid"`))
	done := make(chan got, 1)
	go func() { done <- r.send(runtimespec.PathRun, header, []byte(`{"value":"sleep"}`)) }()
	var child int
	r.eventually(func() bool {
		files, _ := filepath.Glob(filepath.Join(r.state, "functions", "*", "p", "*", "tmp", "child"))
		if len(files) == 1 {
			text, _ := os.ReadFile(files[0])
			child = atoi(string(text))
		}
		return child > 0
	})
	return done, []int{pid, child}
}

func atoi(text string) (n int) {
	for _, c := range text {
		if c >= '0' && c <= '9' {
			n = 10*n + int(c-'0')
		}
	}
	return n
}

func TestServer_OverdueRunIsKilledWithItsTree(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	header := runHeader(f, "late")
	header.Set(runtimespec.HeaderTimeout, "1500")
	answer, pids := r.sleeper(f, header)
	a := <-answer
	assert.Equal(t, runtimespec.TimedOut, a.reason, a.body)
	assert.Equal(t, http.StatusBadGateway, a.status)
	assert.Equal(t, "sleeping\n", a.stdout)
	for _, pid := range pids {
		r.eventually(func() bool { return !alive(pid) })
	}
	assert.Equal(t, `{"value":1}`, r.run(f, "", `1`).body, "the next run is clean")
}

func TestServer_CancelByActivation(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	answer, pids := r.sleeper(f, runHeader(f, "unwanted"))
	assert.Equal(t, http.StatusOK, r.send(runtimespec.PathStop, runHeader(f, "another"), nil).status)
	assert.True(t, alive(pids[0]), "another activation is none of this one's business")
	assert.Equal(t, http.StatusOK, r.send(runtimespec.PathStop, runHeader(f, "unwanted"), nil).status)
	assert.Equal(t, runtimespec.Cancelled, (<-answer).reason)
	for _, pid := range pids {
		r.eventually(func() bool { return !alive(pid) })
	}
	assert.Len(t, r.functions(), 1, "the lease stays")
}

// A broken connection is not a cancellation. The run goes on for the grace, and for
// as long as another caller waits for it.
func TestServer_DisconnectKillsOnlyRunsWithoutCallers(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	ctx, hangUp := context.WithCancel(t.Context())
	pid := pidOf(t, r.run(f, "", `"pid"`))
	gone := make(chan error, 1)
	go func() {
		resp, err := r.request(ctx, http.MethodPost, runtimespec.PathRun, runHeader(f, "x"), []byte(`{"value":"sleep"}`))
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		gone <- err
	}()
	r.eventually(func() bool { i := r.functions()[0].Instances; return len(i) == 1 && i[0].Busy })
	hangUp()
	require.Error(t, <-gone)
	assert.True(t, alive(pid), "the grace")
	r.eventually(func() bool { return !alive(pid) })
	assert.Equal(t, `{"value":1}`, r.run(f, "", `1`).body)
}

func TestServer_RepeatedActivationRunsOnce(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	answers := make(chan string, 5)
	for range cap(answers) {
		go func() { answers <- r.run(f, "same", `"count"`).body }()
	}
	for range cap(answers) {
		assert.Equal(t, `{"n":1}`, <-answers)
	}
}

// A caller that joins a run waits no longer than it said, and sees the head at once.
func TestServer_JoinedRunHasItsOwnTimeLimit(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	answer, _ := r.sleeper(f, runHeader(f, "long"))
	impatient := runHeader(f, "long")
	impatient.Set(runtimespec.HeaderTimeout, "100")
	assert.Equal(t, runtimespec.TimedOut, r.send(runtimespec.PathRun, impatient, []byte(`{}`)).reason)
	assert.True(t, r.functions()[0].Instances[0].Busy, "the run itself goes on")
	r.send(runtimespec.PathStop, runHeader(f, "long"), nil)
	assert.Equal(t, runtimespec.Cancelled, (<-answer).reason)
}

func TestServer_DrainFinishesRunsAndRefusesOthers(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	running := make(chan got, 1)
	go func() { running <- r.run(f, "", `"count"`) }()
	r.eventually(func() bool { i := r.functions()[0].Instances; return len(i) == 1 && i[0].Busy })
	stopped := make(chan error, 1)
	go func() { stopped <- r.Stop(t.Context()) }()
	r.eventually(func() bool { // until the listener is gone, the server says that it drains
		resp, err := r.request(t.Context(), http.MethodGet, runtimespec.PathReady, nil, nil)
		return err != nil || resp.Body.Close() == nil && resp.StatusCode == http.StatusServiceUnavailable
	})
	if a, err := r.request(t.Context(), http.MethodPost, runtimespec.PathRun, f.header(), []byte(`{}`)); err == nil {
		assert.Equal(t, runtimespec.Draining, r.read(a).reason)
	}
	assert.Equal(t, `{"n":1}`, (<-running).body)
	require.NoError(t, <-stopped)
}

// A caller that has seen the count of changes need not ask for functions again until
// the count differs.
func TestReady_SaysWhenFunctionsHaveChanged(t *testing.T) {
	r := newRig(t, servermode.Config{KeepAlive: 50 * time.Millisecond})
	changes := func() (n uint64) {
		var said struct{ Changes *uint64 }
		require.NoError(t, json.Unmarshal([]byte(r.ready().body), &said))
		require.NotNil(t, said.Changes)
		return *said.Changes
	}
	var before uint64
	changed := func() bool {
		now := changes()
		defer func() { before = now }()
		return now != before
	}
	changed()
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	assert.True(t, changed(), "it is there")
	r.eventually(func() bool { return r.functions()[0].State == "cold" })
	assert.True(t, changed(), "it is cold")
	assert.False(t, changed())
	require.Equal(t, http.StatusOK, r.run(f, "", `{}`).status)
	assert.True(t, changed(), "it has a process again")
	require.Equal(t, http.StatusOK, r.stop(f).status)
	r.eventually(changed)
	assert.Empty(t, r.functions())
}

func TestFunctions_AreListedWithoutWhatTakesLongIfThatIsWanted(t *testing.T) {
	r := newRig(t, servermode.Config{})
	r.mustInit(newTarget("native", echo, nil))
	list := func(query string) servermode.FunctionStatus {
		resp, err := r.request(t.Context(), http.MethodGet, runtimespec.PathFunctions+query, nil, nil)
		require.NoError(t, err)
		var said struct{ Functions []servermode.FunctionStatus }
		require.NoError(t, json.Unmarshal([]byte(r.read(resp).body), &said))
		require.Len(t, said.Functions, 1)
		return said.Functions[0]
	}
	assert.Positive(t, list("").MemoryBytes)
	brief := list("?brief=true")
	assert.Zero(t, brief.MemoryBytes)
	assert.Equal(t, "ready", brief.State)
	assert.Len(t, brief.Instances, 1)
}
