package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// identify answers with its process and with its init parameter.
const identify = `
import os
def main(args):
    return {"pid": os.getpid(), "secret": os.environ.get("SECRET", "")}
`

// escape leaves a process behind in a session of its own, with no environment.
const escape = `
import subprocess
def main(args):
    p = subprocess.Popen(["setsid", "sleep", "1000"], env={"PATH": "/usr/bin:/bin"} if args.get("wipe") else None)
    return {"pid": p.pid}
`

func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

func pid(t *testing.T, a harness.Answer) int {
	t.Helper()
	n, ok := harness.Field(t, a, "pid").(float64)
	require.True(t, ok, a.Body)
	return int(n)
}

// The server is killed with a function running and one process in a session of
// its own; started again, it has ended both, and the next run succeeds.
func TestServer_KilledAndStartedAgainIsNotNoticed(t *testing.T) {
	state := harness.StateDir(t)
	server := harness.Start(t, "servermode", nil, "--listen=127.0.0.1:0", "--state-dir="+state)
	client := harness.Client(t, server.URL, "python:3")
	escaping := harness.Client(t, server.URL, "python:3")
	harness.Init(t, client, identify, nil)
	harness.Init(t, escaping, escape, nil)
	first := pid(t, harness.Run(t, client, "a1", harness.M{}))
	leftover := pid(t, harness.Run(t, escaping, "e1", harness.M{}))

	for round := range 3 {
		server.Kill()
		harness.Eventually(t, func() bool { return !alive(first) }, "the function ends with its server")
		address := strings.TrimPrefix(server.URL, "http://")
		server = harness.Start(t, "servermode", nil, "--listen="+address, "--state-dir="+state)
		assert.False(t, alive(leftover), "what escaped is swept at the start")
		a := harness.Run(t, client, "b"+strconv.Itoa(round), harness.M{})
		next := pid(t, a)
		assert.NotEqual(t, first, next)
		first = next
		leftover = pid(t, harness.Run(t, escaping, "f"+strconv.Itoa(round), harness.M{}))
		assert.True(t, alive(leftover))
	}
}

// The run arrives while the server is away. It is sent as soon as there is a
// server.
func TestClient_WaitsForAServerThatIsAway(t *testing.T) {
	state := harness.StateDir(t)
	server := harness.Start(t, "servermode", nil, "--listen=127.0.0.1:0", "--state-dir="+state)
	client := harness.Client(t, server.URL, "python:3")
	harness.Init(t, client, identify, nil)
	server.Kill()
	answer := make(chan harness.Answer, 1)
	go func() {
		a, _ := harness.TryPost(client.URL+"/run", harness.M{"value": harness.M{}, "activation_id": "x"})
		answer <- a
	}()
	harness.Start(t, "servermode", nil, "--listen="+strings.TrimPrefix(server.URL, "http://"), "--state-dir="+state)
	a := <-answer
	assert.Equal(t, http.StatusOK, a.Status, a.Body)
}

func TestClients_SameCodeWithAnotherEnvNeverShareAProcess(t *testing.T) {
	server := harness.Server(t)
	one, two, again := harness.Client(t, server.URL, "python:3"), harness.Client(t, server.URL, "python:3"), harness.Client(t, server.URL, "python:3")
	harness.Init(t, one, identify, harness.M{"SECRET": "one"})
	harness.Init(t, two, identify, harness.M{"SECRET": "two"})
	harness.Init(t, again, identify, harness.M{"SECRET": "one"})
	a, b, c := harness.Run(t, one, "1", nil), harness.Run(t, two, "2", nil), harness.Run(t, again, "3", nil)
	assert.Equal(t, "one", harness.Field(t, a, "secret"))
	assert.Equal(t, "two", harness.Field(t, b, "secret"))
	assert.NotEqual(t, pid(t, a), pid(t, b))
	assert.Equal(t, pid(t, a), pid(t, c), "the same function from another container")
}

func TestClient_TermGivesTheFunctionUp(t *testing.T) {
	server := harness.Server(t)
	client := harness.Client(t, server.URL, "python:3")
	harness.Init(t, client, escape, nil)
	leftover := pid(t, harness.Run(t, client, "1", harness.M{"wipe": true}))
	function := harness.Functions(t, server)[0].Instances[0].PID
	require.NoError(t, client.Signal(syscall.SIGTERM))
	assert.Empty(t, harness.Functions(t, server))
	harness.Eventually(t, func() bool { return !alive(function) && !alive(leftover) }, "the whole tree ends")
}

func TestClient_UnreachableServerIsNamed(t *testing.T) {
	client := harness.Client(t, "http://127.0.0.1:1", "python:3", "--limit=300ms")
	a := harness.Post(t, client.URL+"/init", harness.InitBody(identify, nil))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "the server cannot be reached, nothing was started")
}

// A server that is not root has one user for all functions. A process that
// escapes from a function is found by its mark, or because it has no other
// owner.
func TestServer_WithoutRootEndsEscapedProcesses(t *testing.T) {
	dir := harness.OpenDir(t)
	unprivileged := 65534
	if os.Getuid() != 0 {
		unprivileged = os.Getuid()
	}
	require.NoError(t, os.Chown(dir, unprivileged, -1))
	server := harness.StartAs(t, unprivileged, "servermode", []string{"HOME=" + dir}, "--listen=127.0.0.1:0", "--state-dir="+filepath.Join(dir, "state"))
	for _, wipe := range []bool{false, true} {
		client := harness.Client(t, server.URL, "python:3")
		harness.Init(t, client, escape, nil)
		leftover := pid(t, harness.Run(t, client, fmt.Sprint(wipe), harness.M{"wipe": wipe}))
		assert.True(t, alive(leftover))
		require.NoError(t, client.Signal(syscall.SIGTERM))
		harness.Eventually(t, func() bool { return !alive(leftover) }, "the escaped process ends")
	}
}
