package servermode_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

func key(tenant string, version byte) function.Key {
	return function.Key{Tenant: tenant, Identity: runtimespec.Identity{version}}
}

func (r *rig) metrics(header http.Header) got {
	r.t.Helper()
	resp, err := r.request(r.t.Context(), http.MethodGet, "/metrics", header, nil)
	require.NoError(r.t, err)
	return r.read(resp)
}

func TestServer_MetricsAreTheCallersTenants(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	tokens(t, path, "aaaaaaaaaaaaaaaa alice\nbbbbbbbbbbbbbbbb bob\ndddddddddddddddd balancer delegate\n")
	r := newRig(t, servermode.Config{TokenFile: path})
	for _, tenant := range []string{"alice", "bob"} {
		r.Observer().Function(key(tenant, 1), function.Info{Name: "of-" + tenant}).Ran(function.Ran{})
	}
	assert.Equal(t, http.StatusUnauthorized, r.metrics(nil).status)
	r.token = "aaaaaaaaaaaaaaaa"
	r.mustInit(newTarget("native", echo, nil))
	mine := r.metrics(nil)
	assert.Equal(t, http.StatusOK, mine.status)
	assert.Contains(t, mine.body, `whiskaway_runs_total{function="of-alice",kind="sniffed",outcome="ok",tenant="alice"} 1`)
	assert.Contains(t, mine.body, `whiskaway_functions{state="ready",tenant="alice"} 1`)
	assert.Contains(t, mine.body, `whiskaway_instances{tenant="alice"} 1`)
	assert.NotContains(t, mine.body, "bob")
	assert.NotContains(t, mine.body, "process_open_fds", "the server's own numbers tell of other tenants, too")
	as := http.Header{runtimespec.HeaderTenant: {"alice"}}
	r.token = "dddddddddddddddd"
	assert.NotContains(t, r.metrics(as).body, "bob")
	all := r.metrics(nil).body
	for _, want := range []string{
		"of-alice", "of-bob", "process_open_fds ", "go_goroutines ", "whiskaway_build_info{",
		"whiskaway_in_flight 0", "whiskaway_queued 0", "whiskaway_code_cache_bytes ",
	} {
		assert.Contains(t, all, want)
	}
	assert.NotContains(t, all, "whiskaway_code_cache_bytes 0")
	r.token = "bbbbbbbbbbbbbbbb"
	assert.Equal(t, runtimespec.Forbidden, r.metrics(as).reason)
}

// Where there is one tenant, the host's metrics are no secret from it.
func TestServer_MetricsOfTheOnlyTenantAreAll(t *testing.T) {
	r := newRig(t, servermode.Config{})
	assert.Contains(t, r.metrics(nil).body, "process_open_fds ")
	path := filepath.Join(t.TempDir(), "tokens")
	tokens(t, path, "aaaaaaaaaaaaaaaa alice\nbbbbbbbbbbbbbbbb alice\n")
	r = newRig(t, servermode.Config{TokenFile: path})
	r.token = "aaaaaaaaaaaaaaaa"
	assert.Contains(t, r.metrics(nil).body, "process_open_fds ")
}

// The metrics count what really happens.
func TestServer_MetricsCountRealRuns(t *testing.T) {
	r := newRig(t, servermode.Config{Instances: 1, KeepAlive: time.Minute})
	f := newTarget("native", echo, map[string]string{"__OW_ACTION_NAME": "/guest/echo"})
	r.mustInit(f)
	r.run(f, "", `1`)
	r.run(f, "", `"die"`)
	r.run(f, "", `1`) // cold again
	r.run(f, "", `1`)
	require.NoError(t, r.Reload(servermode.Config{Listen: "127.0.0.1:0", StateDir: r.state, KeepAlive: time.Millisecond}))
	labels := `function="/guest/echo",kind="native",`
	for _, want := range []string{
		`whiskaway_runs_total{` + labels + `outcome="ok",tenant="default"} 3`,
		`whiskaway_runs_total{` + labels + `outcome="crashed",tenant="default"} 1`,
		`whiskaway_starts_total{` + labels + `start="cold",tenant="default"} 1`,
		`whiskaway_starts_total{` + labels + `start="warm",tenant="default"} 3`,
		`whiskaway_run_seconds_count{` + labels + `tenant="default"} 4`,
		`whiskaway_queue_seconds_count{` + labels + `tenant="default"} 4`,
		`whiskaway_init_seconds_count{` + labels + `tenant="default"} 2`,
		`whiskaway_evictions_total{cause="idle",` + labels + `tenant="default"} 1`,
	} {
		r.eventually(func() bool { return strings.Contains(r.metrics(nil).body, want) })
	}
	r.stop(f)
	r.eventually(func() bool { return !strings.Contains(r.metrics(nil).body, "/guest/echo") })
}
