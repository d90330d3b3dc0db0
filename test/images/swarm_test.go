//go:build images

package images

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// swarm has this engine be one, and leave it again if it was none.
func swarm(t testing.TB) {
	t.Helper()
	if docker(t, "info", "--format", "{{.Swarm.LocalNodeState}}") == "active" {
		return
	}
	docker(t, "swarm", "init", "--advertise-addr", "127.0.0.1")
	t.Cleanup(func() { _, _ = tryDocker("swarm", "leave", "--force") })
}

// stack is servers that are a Swarm service, and a balancer before them.
type stack struct {
	service, network string
	tokens, own      string // files: all tokens, the tenant's first; the balancer's alone
	balancer         container
}

func newStack(t testing.TB, replicas int) *stack {
	t.Helper()
	swarm(t)
	name := "whiskaway-test-" + strconv.Itoa(os.Getpid())
	s := &stack{service: name, network: name + "-swarm", tokens: filepath.Join(harness.OpenDir(t), "tokens")}
	const own = "a-balancer-only-for-tests balancer delegate\n"
	s.own = filepath.Join(filepath.Dir(s.tokens), "own")
	require.NoError(t, os.WriteFile(s.own, []byte(own), 0o644))
	require.NoError(t, os.WriteFile(s.tokens, []byte("a-token-only-for-tests\n"+own), 0o644))
	docker(t, "network", "create", "-d", "overlay", "--attachable", s.network)
	t.Cleanup(func() {
		_, _ = tryDocker("service", "rm", s.service)
		harness.Eventually(t, func() bool { // it is in use while tasks end
			_, err := tryDocker("network", "rm", s.network)
			return err == nil
		}, "the network can be removed")
	})
	docker(t, "service", "create", "--detach", "--name", s.service, "--network", s.network, "--replicas", strconv.Itoa(replicas), "--health-interval=1s",
		"--mount", "type=bind,source="+s.tokens+",destination=/tokens,readonly", "--env", "WHISKAWAY_TOKEN_FILE=/tokens", serverImage(t))
	image := build(t, "Dockerfile.loadbalancer", "loadbalancer", root(t), baseImages("GO_IMAGE")...)
	s.balancer = start(t, image, "18080", s.flags("--network-alias=balancer", "-v", s.own+":/own:ro", "-e", "WHISKAWAY_SERVERS_TOKEN_FILE=/own", "-e", "WHISKAWAY_SERVERS=dns://tasks."+s.service+":9000")...)
	return s
}

func (s *stack) flags(more ...string) []string {
	return append([]string{"--network=" + s.network, "-v", s.tokens + ":/tokens:ro", "-e", "WHISKAWAY_TOKEN_FILE=/tokens"}, more...)
}

func (s *stack) scale(t testing.TB, replicas int) {
	t.Helper()
	docker(t, "service", "scale", "--detach", s.service+"="+strconv.Itoa(replicas))
}

// awaitServers waits until the balancer gives work to so many and knows no other.
func (s *stack) awaitServers(t testing.TB, n int) {
	t.Helper()
	harness.Eventually(t, func() bool {
		a := get(t, s.balancer.url+"/servers", "a-balancer-only-for-tests")
		return strings.Count(a, `"server":`) == n && strings.Count(a, `"state":"healthy"`)+strings.Count(a, `"state":"recovering"`) == n
	}, strconv.Itoa(n)+" servers")
}

// get returns what an answer says, or why there is none.
func get(t testing.TB, url, token string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(text)
}

// Servers are found by the names of a Swarm service's tasks, as they come and go.
func TestSwarm_TasksOfAServiceAreFoundAndGo(t *testing.T) {
	s := newStack(t, 2)
	s.awaitServers(t, 2)
	client := start(t, clientImage(t, "python:3"), "8080", s.flags("-e", "WHISKAWAY_UPSTREAM=http://balancer:18080")...)
	initialise(t, client, "main", file(t, "examples/hello/hello.py"), false)
	runs := 0
	greet := func() {
		runs++
		a := run(t, client, "run-"+strconv.Itoa(runs), harness.M{"name": "Ada"})
		require.Equal(t, http.StatusOK, a.Status, a.Body)
		assert.JSONEq(t, `{"greeting": "Hello, Ada!"}`, a.Body)
	}
	greet()
	for _, replicas := range []int{3, 1, 2} {
		s.scale(t, replicas)
		s.awaitServers(t, replicas)
		greet()
	}
}
