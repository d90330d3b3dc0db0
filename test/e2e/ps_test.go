package e2e_test

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/test/harness"
)

func TestTool_PsListsWhatAServerHolds(t *testing.T) {
	dir := t.TempDir()
	tokens, bob, balancer, stranger := filepath.Join(dir, "tokens"), filepath.Join(dir, "bob"), filepath.Join(dir, "balancer"), filepath.Join(dir, "stranger")
	write(t, tokens, "aaaaaaaaaaaaaaaa alice\nbbbbbbbbbbbbbbbb bob\ndddddddddddddddd balancer delegate\n")
	write(t, bob, "bbbbbbbbbbbbbbbb\n")
	write(t, balancer, "dddddddddddddddd\n")
	write(t, stranger, "ssssssssssssssss\n")
	server := harness.Server(t, "--token-file="+tokens)
	ps := func(args ...string) (string, string, int) {
		return run(t, "whiskaway", append([]string{"ps", "--server=" + server.URL}, args...)...)
	}
	stdout, _, code := ps("--token-file=" + tokens)
	assert.Equal(t, 0, code)
	assert.Equal(t, server.URL+" has no functions.\n", stdout)

	client := harness.Client(t, server.URL, "python:3", "--token-file="+tokens)
	harness.Init(t, client, identify, harness.M{"__OW_ACTION_NAME": "/guest/identify"})
	harness.Run(t, client, "1", harness.M{})
	stdout, stderr, code := ps("--token-file=" + tokens)
	require.Equal(t, 0, code, stderr)
	lines := strings.Split(stdout, "\n")
	require.Len(t, lines, 3, stdout)
	assert.Regexp(t, `^FUNCTION +KIND +STATE +INSTANCES +LEASES +QUEUED +RUNS +MEMORY +IDLE UNTIL$`, lines[0])
	assert.Regexp(t, `^/guest/identify +python:3 +ready +0/1\S* +1 +0 +1 +\d+\.?\d? MiB `, lines[1])

	stdout, _, _ = ps("--token-file=" + bob)
	assert.Contains(t, stdout, "has no functions", "another tenant's")
	other := harness.Client(t, server.URL, "python:3", "--token-file="+bob)
	harness.Init(t, other, identify, harness.M{"__OW_ACTION_NAME": "/guest/identify"})
	stdout, _, _ = ps("--token-file=" + balancer)
	assert.Regexp(t, `(?s)^TENANT .*\nalice +/guest/identify .*\nbob +/guest/identify `, stdout)
	stdout, _, _ = ps("--token-file="+balancer, "--tenant=bob")
	assert.Regexp(t, `(?s)^FUNCTION .*\n/guest/identify [^\n]*\n$`, stdout)
	stdout, _, _ = ps("--token-file="+balancer, "--tenant=bob", "--json")
	var list struct{ Functions []harness.Function }
	require.NoError(t, json.Unmarshal([]byte(stdout), &list))
	require.Len(t, list.Functions, 1)
	assert.Equal(t, "bob", list.Functions[0].Tenant)

	for says, args := range map[string][]string{
		"wants a token: name a file that holds it with --token-file": {},
		"does not know the first token in " + stranger:               {"--token-file=" + stranger},
		"leave --tenant out":          {"--token-file=" + bob, "--tenant=alice"},
		"holds no certificate":        {"--ca-file=" + bob},
		"--token-file: open /nowhere": {"--token-file=/nowhere"},
	} {
		stdout, stderr, code := ps(args...)
		assert.Equal(t, 1, code, stdout)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, says)
	}
	address := strings.TrimPrefix(server.URL, "http://")
	stdout, stderr, code = run(t, "whiskaway", "ps", "--server="+address, "--token-file="+tokens)
	assert.Equal(t, 0, code, stderr)
	assert.NotEmpty(t, stdout, "HOST:PORT is understood like a URL")
	for _, wrong := range []string{server.URL + "/elsewhere", "nonsense:\x7f", "ftp://" + address} {
		_, stderr, code := ps("--server=" + wrong)
		assert.Equal(t, 2, code, stderr)
		assert.Contains(t, stderr, "want HOST, HOST:PORT, http://HOST:PORT")
	}
}

// A server without free descriptors cannot start functions, and tells callers
// that are already connected.
func TestServer_WithoutDescriptorsIsNotReady(t *testing.T) {
	server := harness.Server(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	answers := bufio.NewReader(conn)
	ready := func() int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/readyz", nil)
		require.NoError(t, err)
		require.NoError(t, req.Write(conn))
		resp, err := http.ReadResponse(answers, req)
		require.NoError(t, err)
		var body struct{ Reason string }
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&body))
		if resp.StatusCode != http.StatusOK {
			assert.Equal(t, "the server cannot open descriptors: raise its limit of open files", body.Reason)
		}
		return resp.StatusCode
	}
	assert.Equal(t, http.StatusOK, ready())
	var before unix.Rlimit
	require.NoError(t, unix.Prlimit(server.Cmd.Process.Pid, unix.RLIMIT_NOFILE, nil, &before))
	none := unix.Rlimit{Cur: 3, Max: before.Max} // fewer than are open
	require.NoError(t, unix.Prlimit(server.Cmd.Process.Pid, unix.RLIMIT_NOFILE, &none, nil))
	harness.Eventually(t, func() bool { return ready() == http.StatusServiceUnavailable }, "it says that it is not ready")
	require.NoError(t, unix.Prlimit(server.Cmd.Process.Pid, unix.RLIMIT_NOFILE, &before, nil))
	harness.Eventually(t, func() bool { return ready() == http.StatusOK }, "it is ready again")
}
