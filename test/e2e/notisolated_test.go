package e2e_test

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/test/harness"
)

// ordinary returns a user who is not root, and a folder of its own.
func ordinary(t *testing.T) (uid int, dir string) {
	t.Helper()
	uid, dir = 65534, harness.OpenDir(t)
	if os.Getuid() != 0 {
		uid = os.Getuid()
	}
	require.NoError(t, os.Chown(dir, uid, -1))
	return uid, dir
}

func readiness(t *testing.T, server *harness.Process) string {
	t.Helper()
	resp, err := http.Get(server.URL + "/readyz")
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(text)
}

// A server without isolation says so where operators look.
func TestServer_WithoutRootSaysWhatIsNotIsolated(t *testing.T) {
	uid, dir := ordinary(t)
	server := harness.StartAs(t, uid, "servermode", []string{"HOME=" + dir}, "--listen=127.0.0.1:0", "--state-dir="+filepath.Join(dir, "state"))
	assert.Contains(t, readiness(t, server), `"not_isolated":"they all run as this server's own user`)
	assert.Contains(t, server.Stderr.String(), `"msg":"functions are not isolated: they all run as this server's own user`)
	if os.Getuid() == 0 {
		assert.NotContains(t, readiness(t, harness.Server(t)), "not_isolated")
	}
}

func TestServer_WithoutRootServesSeveralTenantsOnlyIfTheyTrustEachOther(t *testing.T) {
	uid, dir := ordinary(t)
	for name, c := range map[string]struct {
		tokens  string
		refused bool
	}{
		"one":       {"aaaaaaaaaaaaaaaa alice\nbbbbbbbbbbbbbbbb alice\n", false},
		"two":       {"aaaaaaaaaaaaaaaa alice\nbbbbbbbbbbbbbbbb bob\n", true},
		"delegates": {"aaaaaaaaaaaaaaaa alice delegate\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			tokens := filepath.Join(dir, name)
			require.NoError(t, os.WriteFile(tokens, []byte(c.tokens), 0o644))
			args := []string{"--listen=127.0.0.1:0", "--state-dir=" + filepath.Join(dir, "state of "+name), "--token-file=" + tokens}
			server := harness.StartAs(t, uid, "servermode", []string{"HOME=" + dir}, append(args, "--allow-shared-user")...)
			require.NoError(t, server.Signal(syscall.SIGTERM))
			if !c.refused {
				harness.StartAs(t, uid, "servermode", []string{"HOME=" + dir, "WHISKAWAY_ALLOW_SHARED_USER=false"}, args...)
				return
			}
			cmd := exec.Command(filepath.Join(harness.Bins, "servermode"), args...)
			if os.Getuid() == 0 {
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
			}
			cmd.Env = append(os.Environ(), "HOME="+dir)
			out, err := cmd.CombinedOutput()
			require.Error(t, err)
			assert.Equal(t, daemon.ExitConfig, cmd.ProcessState.ExitCode())
			assert.Contains(t, string(out), "with --allow-shared-user")
		})
	}
}
