package servermode_test

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

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

// Where there is one tenant, the host's numbers are no secret from it.
func TestServer_MetricsOfTheOnlyTenantAreAll(t *testing.T) {
	r := newRig(t, servermode.Config{})
	assert.Contains(t, r.metrics(nil).body, "process_open_fds ")
	path := filepath.Join(t.TempDir(), "tokens")
	tokens(t, path, "aaaaaaaaaaaaaaaa alice\nbbbbbbbbbbbbbbbb alice\n")
	r = newRig(t, servermode.Config{TokenFile: path})
	r.token = "aaaaaaaaaaaaaaaa"
	assert.Contains(t, r.metrics(nil).body, "process_open_fds ")
}
