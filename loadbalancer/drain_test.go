package loadbalancer_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// tell drains or returns a server.
func (r *rig) tell(server, what string) got {
	return r.post("/servers/"+url.PathEscape(server)+"/"+what, nil, "")
}

func TestDrain_RunsFinishAndNewOnesGoElsewhereUntilItIsReturned(t *testing.T) {
	one, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, one, other)
	f := newTarget(large)
	r.mustInit(f)
	i := 0
	if one.count(runtimespec.PathInit) == 0 {
		one, other, i = other, one, 1
	}
	end, arrived := make(chan struct{}), make(chan struct{})
	one.on(runtimespec.PathRun, func(f *fake, w http.ResponseWriter, in request) {
		close(arrived)
		hang(end)(f, w, in)
	})
	running := async(func() got { return r.run(f, "a1") })
	wait(t, arrived)

	a := r.tell(one.URL, "drain")
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Contains(t, a.body, `"state":"draining"`)
	assert.Contains(t, a.body, `"sent":1`)
	r.eventually(func() bool { all := r.servers(); return all[1-i].Functions == 1 && all[i].Moving == 0 }) // before anybody asks for it
	for range 5 {
		assert.Equal(t, other.id, r.mustRun(f).header.Get(runtimespec.HeaderServer))
	}
	close(end)
	assert.Equal(t, http.StatusOK, wait(t, running).status, "what ran there finishes")
	assert.Contains(t, r.problem(i, "draining"), "drained here")

	one.on(runtimespec.PathRun, echo)
	require.Equal(t, http.StatusOK, r.tell(one.URL, "return").status)
	r.identified(2)
	assert.Empty(t, r.servers()[i].Problem)
}

func TestDrain_OutlastsARestartAndTheListOfServers(t *testing.T) {
	one, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, one, other)
	require.Equal(t, http.StatusOK, r.tell(one.URL, "drain").status)
	id := one.restart()
	r.eventually(func() bool { return r.servers()[0].ID == id })
	assert.Equal(t, "draining", r.servers()[0].State, "another process is no return")

	cfg := r.cfg
	cfg.Servers = []string{other.URL}
	require.NoError(t, r.Reload(cfg))
	require.NoError(t, r.Reload(r.cfg))
	r.eventually(func() bool { return r.servers()[1].ID == id })
	assert.Equal(t, "draining", r.servers()[1].State)
	checked := one.count(runtimespec.PathReady)
	r.eventually(func() bool { return one.count(runtimespec.PathReady) > checked+1 })
	assert.Equal(t, 1, r.count("healthy", "recovering"), "checks that find it well are none either")
}

// A server that says itself that it leaves is not in because somebody returned
// it here.
func TestDrain_ReturnWaitsForTheServer(t *testing.T) {
	one, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, one, other)
	one.on(runtimespec.PathReady, draining)
	r.tell(one.URL, "drain")
	r.tell(one.URL, "return")
	checked := one.count(runtimespec.PathReady)
	r.eventually(func() bool { return one.count(runtimespec.PathReady) > checked+1 })
	assert.Equal(t, "draining", r.servers()[0].State)
	one.on(runtimespec.PathReady, ready)
	r.identified(2)
}

func TestDrain_KnowsServersByUrlAndHost(t *testing.T) {
	one, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, one, other)
	host := strings.TrimPrefix(one.URL, "http://")
	for _, name := range []string{one.URL, one.URL + "/", "HTTP://" + host, host} {
		assert.Equal(t, http.StatusOK, r.tell(name, "drain").status, name)
		assert.Equal(t, "draining", r.servers()[0].State, name)
		assert.Equal(t, http.StatusOK, r.tell(name, "return").status, name)
		r.identified(2)
	}
	a := r.tell("127.0.0.1", "drain")
	assert.Equal(t, http.StatusBadRequest, a.status)
	assert.Contains(t, a.body, "more than one server")
	a = r.tell("gpu-1", "drain")
	assert.Equal(t, http.StatusNotFound, a.status)
	assert.Contains(t, a.body, "there is no server")
	assert.Equal(t, 2, r.count("healthy", "recovering"))
}

func TestDrain_IsForWhoMayOperate(t *testing.T) {
	dir := t.TempDir()
	callers, own := filepath.Join(dir, "callers"), filepath.Join(dir, "own")
	require.NoError(t, os.WriteFile(callers, []byte("aaaaaaaaaaaaaaaa alice\nbbbbbbbbbbbbbbbb operator delegate\n"), 0o600))
	require.NoError(t, os.WriteFile(own, []byte("ssssssssssssssss\n"), 0o600))
	s := newFake(t)
	r := newRig(t, loadbalancer.Config{TokenFile: callers, ServersTokenFile: own}, s.URL)
	for token, status := range map[string]int{"": http.StatusUnauthorized, "aaaaaaaaaaaaaaaa": http.StatusForbidden, "bbbbbbbbbbbbbbbb": http.StatusOK} {
		r.token = token
		assert.Equal(t, status, r.tell(s.URL, "drain").status, "token %q", token)
		assert.Equal(t, status, r.tell(s.URL, "return").status, "token %q", token)
	}
	open := newRig(t, loadbalancer.Config{}, s.URL)
	for _, header := range []http.Header{{"Origin": {"null"}}, {"Sec-Fetch-Site": {"cross-site"}}} {
		a := open.post("/servers/"+url.PathEscape(s.URL)+"/drain", header, "")
		assert.Equal(t, http.StatusForbidden, a.status, "a stranger's page")
	}
	assert.Equal(t, http.StatusOK, open.tell(s.URL, "drain").status)
}
