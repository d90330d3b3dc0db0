package loadbalancer_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// A file that lists other servers takes effect while runs go on, and none fails.
func TestMembers_AFileChangesThemUnderLoad(t *testing.T) {
	one, other := newFake(t), newFake(t)
	list := filepath.Join(t.TempDir(), "servers")
	write := func(text string) { require.NoError(t, os.WriteFile(list, []byte(text), 0o600)) }
	write(one.URL + "\n")
	r := newRig(t, loadbalancer.Config{}, "file://"+list)
	r.identified(1)
	f := newTarget(small)
	r.mustInit(f)
	var over atomic.Bool
	failed := async(func() (n int) {
		for !over.Load() {
			if a := r.run(f, ""); a.status != http.StatusOK {
				n++
			}
		}
		return n
	})
	write(other.URL + "\n")
	r.eventually(func() bool { return other.count(runtimespec.PathRun) > 20 })
	write("what is this\n")
	before := other.count(runtimespec.PathRun)
	r.eventually(func() bool { return other.count(runtimespec.PathRun) > before+20 })
	over.Store(true)
	assert.Zero(t, wait(t, failed))
	require.Len(t, r.servers(), 1)
	assert.Equal(t, other.URL, r.servers()[0].Server)
}

// joiner is what a fake says of itself at /join.
func (r *rig) join(token string, self runtimespec.Registration) got {
	r.t.Helper()
	body, err := json.Marshal(self)
	require.NoError(r.t, err)
	return r.post(runtimespec.PathJoin, http.Header{"Authorization": {"Bearer " + token}}, string(body))
}

func invitation(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "join")
	require.NoError(t, os.WriteFile(path, []byte("invited-servers-only default\n"), 0o600))
	return path
}

func TestMembers_AServerJoinsAndLeaves(t *testing.T) {
	s := newFake(t)
	r := newRig(t, loadbalancer.Config{JoinTokenFile: invitation(t)})
	assert.Empty(t, r.servers())
	self := runtimespec.Registration{URL: s.URL, Incarnation: s.id}
	a := r.join("invited-servers-only", self)
	require.Equal(t, http.StatusOK, a.status, a.body)
	var member runtimespec.Membership
	require.NoError(t, json.Unmarshal([]byte(a.body), &member))
	assert.Positive(t, member.IntervalMS)
	r.identified(1)
	f := newTarget(small)
	r.mustInit(f)
	r.mustRun(f)
	self.Leaving = true
	require.Equal(t, http.StatusOK, r.join("invited-servers-only", self).status)
	r.eventually(func() bool { return len(r.servers()) == 0 })
}

func TestMembers_WhoMayNotJoin(t *testing.T) {
	s := newFake(t)
	self := runtimespec.Registration{URL: s.URL, Incarnation: s.id}
	r := newRig(t, loadbalancer.Config{JoinTokenFile: invitation(t)})
	for _, token := range []string{"", "guessed-by-somebody"} {
		a := r.join(token, self)
		assert.Equal(t, http.StatusUnauthorized, a.status)
		assert.Contains(t, a.body, "--join-token-file")
	}
	assert.Equal(t, http.StatusBadRequest, r.join("invited-servers-only", runtimespec.Registration{URL: "ftp://x", Incarnation: s.id}).status)
	assert.Equal(t, http.StatusUnauthorized, r.get(runtimespec.PathTunnel).status)
	assert.Empty(t, r.servers())

	closed := before(t, loadbalancer.Config{}, s)
	a := closed.join("invited", self)
	assert.Equal(t, http.StatusNotFound, a.status)
	assert.Contains(t, a.body, "--join-token-file")
}

// What a reload leaves in the list is not touched, wherever it is known from.
func TestMembers_AReloadKeepsThoseWhoJoined(t *testing.T) {
	one, other := newFake(t), newFake(t)
	cfg := loadbalancer.Config{JoinTokenFile: invitation(t), CheckEvery: 20 * time.Millisecond, Servers: []string{one.URL}}
	r := newRig(t, cfg)
	require.Equal(t, http.StatusOK, r.join("invited-servers-only", runtimespec.Registration{URL: other.URL, Incarnation: other.id}).status)
	r.identified(2)
	f := newTarget(small)
	r.mustInit(f)
	next := r.cfg
	next.Policy = "random"
	require.NoError(t, r.Reload(next))
	assert.Equal(t, 2, r.count("healthy", "recovering"), "identified, not new")
}

// While a source has not told yet, the servers that it told before are not
// missing.
func TestMembers_AReloadForgetsNobodyWhoStays(t *testing.T) {
	one, other, third := newFake(t), newFake(t), newFake(t)
	path := filepath.Join(t.TempDir(), "servers")
	require.NoError(t, os.WriteFile(path, []byte(other.URL+"\n"), 0o600))
	r := newRig(t, loadbalancer.Config{JoinTokenFile: invitation(t)}, one.URL, "file://"+path)
	require.Equal(t, http.StatusOK, r.join("invited-servers-only", runtimespec.Registration{URL: third.URL, Incarnation: third.id}).status)
	r.identified(3)
	next := r.cfg
	for range 50 {
		require.NoError(t, r.Reload(next))
		require.Equal(t, 3, r.count("healthy", "recovering"))
	}
	next.Servers = []string{"file://" + path}
	require.NoError(t, r.Reload(next))
	assert.Len(t, r.servers(), 2, "one was taken out")
	for _, s := range []*fake{other, third} {
		assert.Equal(t, 1, s.count(runtimespec.PathFunctions), "each was identified once")
	}
}
