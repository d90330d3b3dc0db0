package e2e_test

import (
	"encoding/json"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// Under load a server is drained and returned, and callers notice nothing.
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
	assert.Equal(t, busy+" is drained: "+f.balancer.URL+" sends it no new runs, and none of "+f.balancer.URL+"'s are in flight there.\n", tool("drain", at.Host))

	stdout := tool("ps", "--balancer")
	assert.Regexp(t, `^SERVER +STATE +LOAD +SLOTS +SENT +FUNCTIONS +PROBLEM\n`, stdout)
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

	for _, c := range []struct {
		says string
		exit int
		args []string
	}{
		{`there is no server "gpu-1"`, 1, []string{"drain", "gpu-1", "--server=" + f.balancer.URL}},
		{"start a balancer (loadbalancer)", 5, []string{"return", "gpu-1", "--server=http://127.0.0.1:1"}},
		{"answered with status 404", 1, []string{"ps", "--balancer", "--server=" + f.servers[0].URL}},
		{"is it a Whiskaway balancer? Not Found", 1, []string{"drain", busy, "--server=" + f.servers[0].URL}},
	} {
		stdout, stderr, code := run(t, "whiskaway", c.args...)
		assert.Equal(t, c.exit, code, stdout)
		assert.Contains(t, stderr, c.says)
	}
}

// A server that came through a tunnel has no address: it goes by its host's name.
func TestTool_DrainsATunnelledServer(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "join")
	write(t, secret, "invited-servers-only default\n")
	balancer := harness.Start(t, "loadbalancer", nil, "--listen=127.0.0.1:0", "--state-dir="+harness.StateDir(t), "--join-token-file="+secret)
	harness.Server(t, "--join="+balancer.URL, "--join-token-file="+secret, "--tunnel")
	harness.Eventually(t, func() bool { return taken(t, balancer) == 1 }, "the server joins")
	name := harness.Servers(t, balancer)[0].Server
	host, _, err := net.SplitHostPort(name)
	require.NoError(t, err, "its name is its host and port")
	at := strings.TrimPrefix(balancer.URL, "http://")
	for _, called := range []string{host, name, "http://" + name} {
		stdout, stderr, code := run(t, "whiskaway", "drain", called, "--server="+at)
		require.Equal(t, 0, code, stderr)
		assert.Contains(t, stdout, name+" is drained: ")
		stdout, stderr, code = run(t, "whiskaway", "return", called, "--server="+at)
		require.Equal(t, 0, code, stderr)
		assert.Contains(t, stdout, name+" gets runs again")
	}
}
