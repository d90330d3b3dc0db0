package servermode_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/whiskaway/whiskaway/servermode"
)

// The owner's log says by function and activation what went wrong, and not what the
// action said of it.
func TestServer_FailedRunsAreLogged(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	r := newRig(t, servermode.Config{Log: zap.New(core), RunTimeout: time.Second})
	f := newTarget("native", echo, map[string]string{"__OW_ACTION_NAME": "/guest/echo"})
	r.mustInit(f)
	r.run(f, "fine", `1`)
	for id, value := range map[string]string{"crashed": `"die"`, "overdue": `"sleep"`} {
		r.run(f, id, value)
	}
	r.send("/run", runHeader(f, "own"), []byte(`{"error":"the password is 1234"}`))
	got := map[string]string{}
	for _, line := range logs.FilterMessage("run failed").All() {
		fields := line.ContextMap()
		assert.Equal(t, "/guest/echo", fields["action"])
		assert.Equal(t, f.spec.Identity().Short(), fields["function"])
		assert.Equal(t, "default", fields["tenant"])
		got[fields["activation"].(string)] = fmt.Sprint(fields["outcome"], ": ", fields["cause"])
	}
	assert.Equal(t, map[string]string{
		"crashed": "crashed: command exited: exit status 3",
		"overdue": "timed-out: The action exceeded its time limits of 1000 milliseconds.",
		"own":     "application-error: the action's own error",
	}, got)
}

// A function that fails all the time takes no log lines from others.
func TestServer_AFloodOfFailuresFloodsNoLog(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	r := newRig(t, servermode.Config{Log: zap.New(core)})
	failing, other := newTarget("native", echo, map[string]string{"MINE": "a"}), newTarget("native", echo, map[string]string{"MINE": "b"})
	r.mustInit(failing)
	r.mustInit(other)
	for i := range 100 {
		require.Contains(t, r.send("/run", runHeader(failing, fmt.Sprint(i)), []byte(`{"error":1}`)).body, "error")
	}
	r.send("/run", runHeader(other, "other"), []byte(`{"error":1}`))
	lines := map[string]int{}
	for _, line := range logs.FilterMessage("run failed").All() {
		lines[line.ContextMap()["function"].(string)]++
	}
	assert.Equal(t, map[string]int{failing.spec.Identity().Short(): 10, other.spec.Identity().Short(): 1}, lines)
}
