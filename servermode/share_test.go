package servermode_test

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
)

// ranks returns how many processes of the tenant's functions have the kernel's idle
// policy, and how many are only lowered.
func (r *rig) ranks() (idle, lowered int) {
	r.t.Helper()
	for _, f := range r.functions() {
		for _, i := range f.Instances {
			attr, err := unix.SchedGetAttr(i.PID, 0)
			switch {
			case err != nil:
			case attr.Policy == unix.SCHED_IDLE:
				idle++
			case attr.Nice > 0:
				lowered++
			}
		}
	}
	return idle, lowered
}

func TestServer_TenantBeyondItsShareYields(t *testing.T) {
	header, data := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
	if err := unix.Capget(&header, &data[0]); os.Getuid() != 0 || err != nil || data[0].Effective&(1<<unix.CAP_SYS_NICE) == 0 {
		t.Skip("needs root with CAP_SYS_NICE, which containers are not given")
	}
	tokens := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(tokens, []byte("ffffffffffffffff flood\nqqqqqqqqqqqqqqqq quiet\n"), 0o600))
	r := newRig(t, servermode.Config{TokenFile: tokens})
	start := func(token, mine string) {
		own := &rig{Server: r.Server, t: t, token: token}
		f := newTarget("native", echo, map[string]string{"MINE": mine})
		own.mustInit(f)
		go func() {
			if resp, err := own.request(t.Context(), http.MethodPost, runtimespec.PathRun, f.header(), []byte(`{"value":"sleep"}`)); err == nil {
				_ = resp.Body.Close()
			}
		}()
	}
	cpus, flood, quiet := runtime.GOMAXPROCS(0), "ffffffffffffffff", "qqqqqqqqqqqqqqqq"
	for i := range cpus + 1 {
		start(flood, strconv.Itoa(i))
	}
	start(quiet, "quiet")
	share := max(1, cpus/2)
	r.token = flood
	r.eventually(func() bool { idle, lowered := r.ranks(); return lowered == share && idle == cpus+1-share })
	r.token = quiet
	r.eventually(func() bool { idle, lowered := r.ranks(); return lowered == 0 && idle == 0 })
}
