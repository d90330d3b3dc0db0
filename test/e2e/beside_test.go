package e2e_test

import (
	"net/http"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// Two balancers share two servers and nothing else: each learns from the
// servers what the other had initialised and released, and a function is not
// initialised twice.
func TestBalancer_TwoSideBySide(t *testing.T) {
	servers := []*harness.Process{harness.Server(t), harness.Server(t)}
	one, other := harness.Balancer(t, servers[0].URL, servers[1].URL), harness.Balancer(t, servers[0].URL, servers[1].URL)
	functions := func(balancer *harness.Process) (n int) {
		for _, s := range harness.Servers(t, balancer) {
			n += s.Functions
		}
		return n
	}
	held := func() (all []harness.Function) {
		for _, s := range servers {
			all = append(all, harness.Functions(t, s)...)
		}
		return all
	}
	const action = "def main(args):\n    return args\n"
	first, second := harness.Client(t, one.URL, "python:3"), harness.Client(t, other.URL, "python:3")
	harness.Init(t, first, action, nil)
	harness.Eventually(t, func() bool { return functions(other) == 1 }, "the other balancer knows of it")
	harness.Init(t, second, action, nil)
	require.Equal(t, http.StatusOK, harness.Run(t, second, "a1", harness.M{}).Status)
	require.Equal(t, http.StatusOK, harness.Run(t, first, "a2", harness.M{}).Status)
	require.Len(t, held(), 1, "it is loaded once")
	assert.EqualValues(t, 1, held()[0].Starts)

	require.NoError(t, first.Signal(syscall.SIGTERM))
	require.Equal(t, http.StatusOK, harness.Run(t, second, "a3", harness.M{}).Status)
	require.Len(t, held(), 1, "the other's lease keeps it")
	require.NoError(t, second.Signal(syscall.SIGTERM))
	harness.Eventually(t, func() bool { return len(held()) == 0 }, "the last lease ends it")
	harness.Eventually(t, func() bool { return functions(one)+functions(other) == 0 }, "both know that")
}
