package e2e_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// The command of --help, without flags for logs, passes: the server's own log
// is in no function's log, and is not lost.
func TestConformance_PlainServerByTheObviousCommand(t *testing.T) {
	state := harness.StateDir(t)
	cmd := exec.Command(filepath.Join(harness.Bins, "whiskaway"), "conformance", "--kind", "native",
		"--exec", filepath.Join(harness.Bins, "servermode")+" --listen 127.0.0.1:{port} --state-dir "+state,
		"--case", "other-main", "--case", "four-echoes", "--case", "log-without-newline", "--case", "native-tar-gz", "--case", "init-twice", "--case", "run-exits")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "6 passed, 0 failed")
	log, err := os.ReadFile(filepath.Join(state, "servermode.log"))
	require.NoError(t, err)
	assert.Contains(t, string(log), `"msg":"serving"`)
	assert.Contains(t, string(log), `"msg":"function is ready for plain callers"`)
}

// outputOf runs a server to its end, told to end when it serves, and returns what
// was on its streams, which are pipes.
func outputOf(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(harness.Bins, "servermode"), append([]string{"--listen", "127.0.0.1:0"}, args...)...)
	cmd.Env = append(os.Environ(), harness.Env...)
	var out, errs harness.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs // two pipes
	require.NoError(t, cmd.Start())
	log := filepath.Join(args[1], "servermode.log")
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for over := false; !over; {
		text, _ := os.ReadFile(log)
		if strings.Contains(string(text)+errs.String(), `"msg":"serving"`) {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			<-ended
			return out.String() + errs.String()
		}
		select {
		case <-ended:
			over = true
		case <-time.After(5 * time.Millisecond):
		}
	}
	return out.String() + errs.String()
}

func TestServermode_ItsOwnLogIsWhereNoFunctionsIs(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(tokens, []byte("aaaaaaaaaaaaaaaa alice\n"), 0o600))
	assert.Empty(t, outputOf(t, "--state-dir", harness.StateDir(t)), "plain callers may come, and both streams have a reader")
	assert.Contains(t, outputOf(t, "--state-dir", harness.StateDir(t), "--token-file", tokens), `"msg":"ended"`)
	assert.Contains(t, outputOf(t, "--state-dir", harness.StateDir(t), "--log", "stderr"), `"msg":"ended"`)

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	says := outputOf(t, "--state-dir", harness.StateDir(t), "--listen", taken.Addr().String())
	assert.Contains(t, says, "servermode: cannot start: ", "there is no function yet whose log it could be")
	foreign := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(foreign, "precious"), nil, 0o600))
	assert.Contains(t, outputOf(t, "--state-dir", foreign), "is not empty and not a server's")
	entries, err := os.ReadDir(foreign)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing is written there")
}
