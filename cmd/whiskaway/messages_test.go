package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/dev"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/target"
)

// runLine runs a command line of the tool within the test. Its output is
// dropped.
func runLine(t *testing.T, args ...string) (usage, failed error) {
	t.Helper()
	for _, name := range []string{"WHISKAWAY_SERVER", "WHISKAWAY_UPSTREAM", "WHISKAWAY_TOKEN_FILE", "WHISKAWAY_CA_FILE"} {
		t.Setenv(name, "") // it is put back afterwards
		require.NoError(t, os.Unsetenv(name))
	}
	var c cli
	parser, err := kong.New(&c, kong.Name("whiskaway"), kong.Vars{
		"devListen": dev.Listen, "server": target.DefaultServer, "balancer": target.DefaultBalancer, "runtime": target.DefaultRuntime, "conformanceKinds": "",
	}, kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) {}))
	require.NoError(t, err)
	ctx, err := parser.Parse(args)
	if err != nil {
		return err, nil
	}
	return nil, ctx.Run()
}

func hello(t *testing.T) string {
	t.Helper()
	action := filepath.Join(t.TempDir(), "hello.py")
	require.NoError(t, os.WriteFile(action, []byte("def main(args):\n    return {}\n"), 0o600))
	return action
}

func TestTool_TimesThatAreNoneAreUsageErrors(t *testing.T) {
	for _, c := range []struct {
		says string
		args []string
	}{
		{"--limit must be a time such as 10s, not 0s", []string{"ps", "--limit=0"}},
		{"--limit must be a time such as 10s, not -1s", []string{"ps", "--limit=-1s"}},
		{"--limit must be", []string{"drain", "a", "--limit=0"}},
		{"--limit must be", []string{"return", "a", "--limit=0"}},
		{"--wait must be a time such as 1m, or 0, not -1s", []string{"drain", "a", "--wait=-1s"}},
	} {
		usage, _ := runLine(t, c.args...)
		assert.ErrorContains(t, usage, c.says, "%v", c.args)
	}
}

// An error speaks of what the command is for, and of the flag that names it.
func TestTool_ErrorsNameWhatIsToBeThere(t *testing.T) {
	action := hello(t)
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	const closed = "127.0.0.1:1"
	for _, c := range []struct {
		says string
		args []string
	}{
		{"nothing listens there: start a server (servermode), or name another with --server", []string{"ps", "--server", closed}},
		{"nothing listens there: start a balancer (loadbalancer), or name another with --server", []string{"ps", "--balancer", "--server", closed}},
		{"nothing listens there: start a balancer (loadbalancer), or name another with --server", []string{"drain", "a", "--server", closed}},
		{"nothing listens there: start a server (servermode), or name another with --server", []string{"invoke", "-f", action, "--server", closed}},
		{"nothing listens there: start a runtime container, or name another with --runtime", []string{"invoke", "-f", action, "--runtime", closed}},
		{"is it a Whiskaway server?", []string{"ps", "--server", other.URL}},
		{"is it a Whiskaway balancer?", []string{"drain", "a", "--server", other.URL}},
	} {
		usage, failed := runLine(t, c.args...)
		require.NoError(t, usage)
		assert.ErrorContains(t, failed, c.says, "%v", c.args)
	}
}

func TestTool_PsOfATenantWithoutATokenSaysSo(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(server.Close)
	_, failed := runLine(t, "ps", "--tenant=x", "--server", server.URL)
	assert.ErrorContains(t, failed, "there is no token")
}

// A user of invoke is an operator too: errors name the server.
func TestTool_InvokeNamesTheServerInItsErrors(t *testing.T) {
	action := hello(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			w.WriteHeader(http.StatusBadGateway) // a proxy's, say
		}
	}))
	t.Cleanup(server.Close)
	_, failed := runLine(t, "invoke", "-f", action, "--server", server.URL)
	assert.ErrorContains(t, failed, server.URL+" answered 502 Bad Gateway and is no server of this contract")
}
