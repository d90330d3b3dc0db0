package e2e_test

import (
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// steps of a run, each with a process that is killed there. They return once it
// was killed, with the answer to come.
var steps = map[string]func(o *once, id string, kill func()) <-chan harness.Answer{
	"before the head of its answer": func(o *once, id string, kill func()) <-chan harness.Answer {
		return o.cutAt(0, id, nil, kill)
	},
	"before the function reads it": func(o *once, id string, kill func()) <-chan harness.Answer {
		require.NoError(o.t, syscall.Kill(o.process(), syscall.SIGSTOP))
		o.link.Cut(harness.Down, 1<<30, nil)
		answer := o.run(id, nil)
		o.headSeen()
		kill()
		return answer
	},
	"before it is in the ledger": func(o *once, id string, kill func()) <-chan harness.Answer {
		return o.killHeld("before", id, kill)
	},
	"after it is in the ledger": func(o *once, id string, kill func()) <-chan harness.Answer {
		return o.killHeld("after", id, kill)
	},
	"within a large result": func(o *once, id string, kill func()) <-chan harness.Answer {
		return o.cutAt(300_000, id, harness.M{"large": true}, kill)
	},
}

// cutAt kills after n bytes of the answer, and breaks the connection.
func (o *once) cutAt(n int, id string, value harness.M, kill func()) <-chan harness.Answer {
	killed := make(chan struct{})
	o.link.Cut(harness.Down, n, func() { kill(); close(killed) })
	answer := o.run(id, value)
	receive(o.t, killed)
	return answer
}

// killHeld kills while the run is held before or after its line in the ledger.
func (o *once) killHeld(step, id string, kill func()) <-chan harness.Answer {
	o.link.Cut(harness.Down, 1<<30, nil)
	answer := o.run(id, harness.M{"hold": step})
	o.held(id, step)
	o.headSeen()
	kill()
	return answer
}

// expected is the message that an author gets, and how often the run is in the
// ledger; -1 where that cannot be known.
type expected struct {
	status   int
	says     string
	executed int
}

func (o *once) expect(e expected, id string, a harness.Answer) {
	o.t.Helper()
	o.check(id, a)
	assert.Equal(o.t, e.status, a.Status)
	assert.Contains(o.t, a.Body, e.says)
	if e.executed >= 0 {
		assert.Equal(o.t, e.executed, o.executed(id))
	}
}

func TestServer_KilledAtEachStepOfARun(t *testing.T) {
	const restarted = "the server was restarted while the run was in flight; it may have run and is not started again"
	for name, e := range map[string]expected{
		"before the head of its answer": {502, "it may have run and is not sent again", -1},
		"before the function reads it":  {502, restarted, 0},
		"before it is in the ledger":    {502, restarted, 0},
		"after it is in the ledger":     {502, restarted, 1},
		"within a large result":         {502, restarted, 1},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOnce(t)
			id := strings.ReplaceAll(name, " ", "-")
			answer := steps[name](o, id, o.server.Kill)
			o.restart()
			o.expect(e, id, receive(t, answer))
			o.servesOn("next")
			assert.LessOrEqual(t, o.executed(id), 1)
		})
	}
}

// The function's process is killed. Its server lives, and knows the outcome of
// the run.
func TestFunction_KilledAtEachStepOfARun(t *testing.T) {
	for name, e := range map[string]expected{
		"before the head of its answer": {502, "it may have run and is not sent again", -1},
		"before it is in the ledger":    {400, "command exited", 0},
		"after it is in the ledger":     {400, "command exited", 1},
		"within a large result":         {200, "xxx", 1},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOnce(t)
			id, process := strings.ReplaceAll(name, " ", "-"), o.process()
			answer := steps[name](o, id, func() { _ = syscall.Kill(process, syscall.SIGKILL) })
			o.expect(e, id, receive(t, answer))
			// Until it is dead, it may take the next run with it: its last read may yet
			// find that in the pipe.
			harness.Eventually(t, func() bool { return !alive(process) }, "the process is dead")
			o.servesOn("next")
			assert.LessOrEqual(t, o.executed(id), 1)
		})
	}
}

// A process that ends before it has read its run has not executed it, so another
// one may.
func TestFunction_KilledBeforeItReadsItsRun(t *testing.T) {
	o := newOnce(t)
	process := o.process()
	a := receive(t, steps["before the function reads it"](o, "a", func() { _ = syscall.Kill(process, syscall.SIGKILL) }))
	o.check("a", a)
	if a.Status != http.StatusOK {
		assert.Zero(t, o.executed("a"))
	}
	o.servesOn("next")
}

// Docker kills containers without notice: the run ends after the grace, with
// its process, and the function is ready for other containers.
func TestClient_KilledDuringItsRun(t *testing.T) {
	o := newOnce(t)
	o.run("a", harness.M{"hold": "after"})
	process := o.held("a", "after")
	o.client.Kill()
	harness.Eventually(t, func() bool { return !alive(process) }, "the run is cancelled")
	o.client = o.newClient()
	o.servesOn("next")
	assert.Equal(t, 1, o.executed("a"))
}
