package e2e_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// Under load a server is drained and returned, and nobody notices.
func TestTool_DrainsAServerBehindABalancer(t *testing.T) {
	f := newFleet(t, 2, 2)
	tool := func(command string, args ...string) string {
		stdout, stderr, code := run(t, "whiskaway", append([]string{command, "--server=" + f.balancer.URL}, args...)...)
		require.Equal(t, 0, code, stderr)
		return stdout
	}
	stop := f.load()
	busy := ""
	harness.Eventually(t, func() bool {
		for _, s := range harness.Servers(t, f.balancer) {
			if s.Functions > 0 {
				busy = s.Server
			}
		}
		return busy != ""
	}, "a server has the function")
	at, err := url.Parse(busy)
	require.NoError(t, err)
	assert.Equal(t, busy+" gets no runs from "+f.balancer.URL+" any more, and has none of its.\n", tool("drain", at.Host))

	stdout := tool("ps", "--balancer")
	assert.Regexp(t, `^SERVER +STATE +LOAD +SLOTS +SENT +FUNCTIONS +TROUBLE\n`, stdout)
	assert.Regexp(t, `(?m)^`+busy+` +draining +\d+ +\d+ +0 +\d+ +it was drained here`, stdout)
	assert.Regexp(t, `(?m)^FUNCTION +KIND .* IDLE UNTIL +SERVER$`, stdout)
	var said struct {
		Policy    string
		Servers   []struct{ Server string }
		Functions []struct{ Server string }
	}
	require.NoError(t, json.Unmarshal([]byte(tool("ps", "--balancer", "--json")), &said))
	assert.Equal(t, "warm", said.Policy)
	assert.Len(t, said.Servers, 2)
	assert.NotEmpty(t, said.Functions)

	assert.Contains(t, tool("return", busy), "gets runs again when "+f.balancer.URL+" finds it ready")
	f.in(2)
	answered, failed := stop()
	assert.Empty(t, failed)
	assert.Positive(t, answered)

	for says, args := range map[string][]string{
		`there is no server "gpu-1"`:    {"drain", "gpu-1", "--server=" + f.balancer.URL},
		"is a server there?":            {"return", "gpu-1", "--server=http://127.0.0.1:1"},
		"answered with status 404":      {"ps", "--balancer", "--server=" + f.servers[0].URL},
		"answered with status 404 Not ": {"drain", busy, "--server=" + f.servers[0].URL},
	} {
		stdout, stderr, code := run(t, "whiskaway", args...)
		assert.Equal(t, 1, code, stdout)
		assert.Contains(t, stderr, says)
	}
}
