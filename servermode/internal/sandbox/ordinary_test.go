package sandbox_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func replace(script, token string) string { return strings.ReplaceAll(script, "T", token) }

// ordinaryUser is a uid that no user has, so that limits per user count these tests alone.
const ordinaryUser = 1_899_999_998

// These are the tests above without root's means: by mark and descent only.
func TestOrdinaryUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("the tests run as an ordinary user already")
	}
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "-test.run=^Test(Group|Sandbox|Sweep|Orphans)_", "-test.v")
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential:  &syscall.Credential{Uid: ordinaryUser, Gid: ordinaryUser},
		AmbientCaps: []uintptr{10}, // CAP_NET_BIND_SERVICE, as a service manager may grant it
	}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: TestGroup_KillEndsForkBomb")
}
