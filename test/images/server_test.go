//go:build images

package images

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

func serverImage(t testing.TB) string {
	t.Helper()
	return build(t, "Dockerfile.server", "server", root(t), baseImages("GO_IMAGE", "BASE")...)
}

func TestServerImage_RefusesToServeWithoutAToken(t *testing.T) {
	out, err := tryDocker("run", "--rm", serverImage(t))
	require.ErrorContains(t, err, "exit status 78", "bad configuration")
	assert.Contains(t, out, "set --token-file")
}

func TestServerImage_TurnsHealthyAndEndsOnSIGTERM(t *testing.T) {
	p := newPair(t)
	p.server.awaitHealthy(t)
	assert.Equal(t, "servermode", p.server.processes(t)[0].name, "it is PID 1 itself")
	docker(t, "stop", "-t", "20", p.server.id)
	assert.Equal(t, "0", p.server.inspect(t, "{{.State.ExitCode}}"))
}

func TestServerImage_SIGTERMLetsARunFinish(t *testing.T) {
	p := newPair(t)
	client := p.client(t, "python:3")
	initialise(t, client, "main", "import time\ndef main(args):\n    time.sleep(2)\n    return {'slept': True}\n", false)
	answered := make(chan harness.Answer, 1)
	go func() {
		a, _ := harness.TryPost(client.url+"/run", harness.M{"value": harness.M{}, "activation_id": "slow"})
		answered <- a
	}()
	harness.Eventually(t, func() bool {
		instances, _ := p.functions(t)[0].(harness.M)["instances"].([]any)
		return len(instances) == 1 && instances[0].(harness.M)["busy"] == true
	}, "the run has started")
	docker(t, "stop", "-t", "20", p.server.id)
	a := <-answered
	assert.Equal(t, http.StatusOK, a.Status, a.Body)
	assert.Equal(t, "0", p.server.inspect(t, "{{.State.ExitCode}}"))
}

// orphan leaves a grandchild behind in each run.
const orphan = `import os
def main(args):
    if os.fork() == 0:
        if os.fork() == 0:
            os.execv("/bin/sleep", ["sleep", args["sleep"]])
        os._exit(0)
    os.wait()
    return {"uid": os.getuid(), "pid": os.getpid()}
`

func TestServerImage_FunctionsAreNeverRootAndLeaveNoZombies(t *testing.T) {
	p := newPair(t)
	client := p.client(t, "python:3")
	initialise(t, client, "main", orphan, false)
	for i := range 3 {
		a := run(t, client, fmt.Sprintf("orphan%d", i), harness.M{"sleep": "0.2"})
		require.Equal(t, http.StatusOK, a.Status, a.Body)
		assert.NotZero(t, decode(t, a.Body)["uid"])
	}
	harness.Eventually(t, func() bool {
		for _, proc := range p.server.processes(t) {
			if proc.name == "sleep" || strings.HasPrefix(proc.state, "Z") {
				return false
			}
		}
		return true
	}, "orphans end and are reaped")
	var own []string
	for _, proc := range p.server.processes(t) {
		if proc.uid == 0 {
			own = append(own, proc.name)
		}
	}
	slices.Sort(own)
	assert.Equal(t, []string{"python3", "python3", "servermode"}, own, "root are the server, what it forks from, and a child in advance, in which no function's code is")
}

func TestServerImage_KilledAndStartedAgainRunsTheNextActivation(t *testing.T) {
	p := newPair(t)
	client := p.client(t, "python:3")
	initialise(t, client, "main", file(t, "examples/hello/hello.py"), false)
	require.Equal(t, http.StatusOK, run(t, client, "before", harness.M{"name": "Ada"}).Status)
	docker(t, "kill", "-s", "KILL", p.server.id)
	docker(t, "start", p.server.id)
	a := run(t, client, "after", harness.M{"name": "Ada"})
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	assert.JSONEq(t, `{"greeting": "Hello, Ada!"}`, a.Body)
}
