package loadbalancer_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// problem waits until a server is not in, and returns why.
func (r *rig) problem(i int, states ...string) (why string) {
	r.t.Helper()
	r.eventually(func() bool {
		s := r.servers()[i]
		why = s.Problem
		for _, state := range states {
			if s.State == state && why != "" {
				return true
			}
		}
		return false
	})
	return why
}

func TestChecks_FrozenServerIsOutAndItsRunsAreNotSentAgain(t *testing.T) {
	one, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{CheckTimeout: slowCheck}, one, other)
	f := newTarget(small)
	r.mustInit(f)
	i := 0
	if one.count(runtimespec.PathInit) == 0 {
		one, other, i = other, one, 1
	}
	thaw, arrived := make(chan struct{}), make(chan struct{})
	one.on(runtimespec.PathReady, hang(thaw))
	one.on(runtimespec.PathRun, func(f *fake, w http.ResponseWriter, in request) {
		close(arrived)
		hang(thaw)(f, w, in)
	})
	stuck := async(func() got { return r.run(f, "a1", runtimespec.HeaderTimeout, "20000") })
	wait(t, arrived)
	r.problem(i, "ejected")
	a := r.mustRun(f)
	assert.Equal(t, other.id, a.header.Get(runtimespec.HeaderServer))
	one.on(runtimespec.PathReady, ready)
	close(thaw)
	assert.Equal(t, http.StatusOK, wait(t, stuck).status, "it was left to its server")
	assert.Equal(t, 1, one.count(runtimespec.PathRun))
}

func TestChecks_RunEndsAtItsDeadlineWhateverItsServerDoes(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	f := newTarget(small)
	r.mustInit(f)
	s.on(runtimespec.PathRun, hang(nil))
	a := r.run(f, "a1", runtimespec.HeaderTimeout, "50")
	assert.Equal(t, runtimespec.TimedOut, a.reason)
	assert.Equal(t, 1, s.count(runtimespec.PathRun))
}

// A caller that leaves no time puts no server out.
func TestRun_ImpatientCallersEjectNobody(t *testing.T) {
	s, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, s, other)
	f := newTarget(small)
	r.mustInit(f)
	for _, each := range []*fake{s, other} {
		each.on(runtimespec.PathRun, hang(nil))
	}
	for range 12 {
		assert.Equal(t, runtimespec.TimedOut, r.run(f, "", runtimespec.HeaderTimeout, "1").reason)
	}
	assert.Equal(t, 2, r.count("healthy", "recovering"))
}

func TestChecks_DrainingServersFunctionsAreLoadedElsewhereFirst(t *testing.T) {
	one, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, one, other)
	f := newTarget(large)
	r.mustInit(f)
	i := 0
	if one.count(runtimespec.PathInit) == 0 {
		one, other, i = other, one, 1
	}
	one.on(runtimespec.PathReady, draining)
	r.eventually(func() bool { return other.count(runtimespec.PathInit) > 0 })
	assert.Equal(t, "draining", r.problem(i, "draining"))
	r.eventually(func() bool { return r.servers()[1-i].Functions == 1 })
	a := r.mustRun(f)
	assert.Equal(t, other.id, a.header.Get(runtimespec.HeaderServer))
	one.on(runtimespec.PathReady, ready)
	one.restart()
	r.identified(2)
	assert.Zero(t, r.servers()[i].Functions, "another process has none of it")
}

func TestChecks_RestartedServerIsTakenBackAtOnce(t *testing.T) {
	s, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, s, other)
	s.on(runtimespec.PathReady, reset)
	r.problem(0, "ejected")
	s.on(runtimespec.PathReady, ready)
	s.restart()
	r.identified(2)
}

func TestChecks_WhatIsNoServerGetsNoWork(t *testing.T) {
	for name, probe := range map[string]script{
		"no JSON": func(_ *fake, w http.ResponseWriter, _ request) { write(w, "ok") },
		"no incarnation": func(_ *fake, w http.ResponseWriter, _ request) {
			w.Header().Del(runtimespec.HeaderServer)
			write(w, `{"ready":true}`)
		},
		"no HTTP": raw("\x00\x01\x02"), "a redirect": raw("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"),
		"not ready": func(_ *fake, w http.ResponseWriter, _ request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			write(w, `{"ready":false,"reason":"the state folder has no room"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			odd, well := newFake(t), newFake(t)
			odd.on(runtimespec.PathReady, probe)
			r := newRig(t, loadbalancer.Config{}, odd.URL, well.URL)
			for range 5 { // from the first request on
				f := newTarget(small, "A", uuid.NewString())
				r.mustInit(f)
				assert.Equal(t, well.id, r.mustRun(f).header.Get(runtimespec.HeaderServer))
			}
			assert.NotEmpty(t, r.problem(0, "unidentified", "ejected"))
			assert.Zero(t, odd.count(runtimespec.PathRun)+odd.count(runtimespec.PathInit))
		})
	}
}

func TestChecks_TheSameServerTwiceIsUsedOnce(t *testing.T) {
	s, twin := newFake(t), newFake(t)
	twin.id = s.id
	r := newRig(t, loadbalancer.Config{}, s.URL, twin.URL)
	r.eventually(func() bool { return r.count("healthy", "recovering") == 1 && len(r.servers()) == 2 })
	r.eventually(func() bool {
		return strings.Contains(r.servers()[0].Problem+r.servers()[1].Problem, "same server as")
	})
}

func TestChecks_TheBalancerItselfGetsNoWork(t *testing.T) {
	s := newFake(t)
	inner := newRig(t, loadbalancer.Config{}, s.URL)
	inner.identified(1)
	// It is reached by a name that does not look like its own.
	_, port, _ := strings.Cut(inner.Addr(), ":")
	cfg := inner.cfg
	cfg.Servers = append(cfg.Servers, "http://localhost:"+port)
	require.NoError(t, inner.Reload(cfg))
	assert.Contains(t, inner.problem(1, "draining"), "this balancer itself")
	f := newTarget(small)
	inner.mustInit(f)
	inner.mustRun(f)
}

func TestChecks_BalancersInACircleAreFound(t *testing.T) {
	s := newFake(t)
	one := newRig(t, loadbalancer.Config{}, s.URL)
	other := newRig(t, loadbalancer.Config{}, "http://"+one.Addr())
	cfg := one.cfg
	cfg.Servers = []string{"http://" + other.Addr()}
	one.identified(1)
	require.NoError(t, one.Reload(cfg))
	f := newTarget(small)
	h := f.header(runtimespec.HeaderHops, uuid.NewString())
	r := async(func() got { return one.post(runtimespec.PathInit, h, f.body(true)) })
	a := wait(t, r)
	assert.NotEqual(t, http.StatusOK, a.status, a.body)
}

func TestBalancer_BalancersOneBehindTheOther(t *testing.T) {
	s := newFake(t)
	inner := before(t, loadbalancer.Config{}, s)
	outer := newRig(t, loadbalancer.Config{}, "http://"+inner.Addr())
	outer.identified(1)
	f := newTarget(large)
	outer.mustInit(f)
	a := outer.mustRun(f)
	assert.Equal(t, s.id, a.header.Get(runtimespec.HeaderServer))
	assert.Equal(t, 1, strings.Count(s.all(runtimespec.PathRun)[0].Get(runtimespec.HeaderHops), ","))
	assert.Equal(t, http.StatusOK, outer.run(f, "a1", runtimespec.HeaderServer, s.id).status)
	outer.stopped(f)
	assert.Equal(t, 1, s.count(runtimespec.PathStop))
}

func TestBalancer_RefusesToStartUnsafely(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(tokens, []byte("0123456789abcdef tenant-a\n"), 0o600))
	for name, c := range map[string]struct {
		cfg  loadbalancer.Config
		says string
	}{
		"open to all":      {loadbalancer.Config{Listen: "0.0.0.0:0", Servers: []string{"a:1"}}, "--token-file"},
		"no servers":       {loadbalancer.Config{}, "--server"},
		"twice":            {loadbalancer.Config{Servers: []string{"http://a:1", "http://A:1/"}}, "twice"},
		"no URL":           {loadbalancer.Config{Servers: []string{"http://a:1/path"}}, "http://HOST:PORT"},
		"itself":           {loadbalancer.Config{Listen: "127.0.0.1:1", Servers: []string{"127.0.0.1:1"}}, "itself"},
		"no such policy":   {loadbalancer.Config{Servers: []string{"a:1"}, Policy: "best"}, "--policy"},
		"half of TLS":      {loadbalancer.Config{Servers: []string{"a:1"}, TLSCert: "x"}, "--tls-key"},
		"tenants together": {loadbalancer.Config{Servers: []string{"a:1"}, TokenFile: tokens}, "--servers-token-file"},
		"no token file":    {loadbalancer.Config{Servers: []string{"a:1"}, TokenFile: tokens + "x"}, "--token-file"},
		"no certificates":  {loadbalancer.Config{Servers: []string{"a:1"}, ServersCA: tokens}, "--servers-ca"},
	} {
		t.Run(name, func(t *testing.T) {
			c.cfg.StateDir = t.TempDir()
			b := loadbalancer.New(c.cfg)
			err := b.Start()
			assert.ErrorIs(t, err, daemon.ErrConfig)
			assert.ErrorContains(t, err, c.says)
			assert.NoError(t, b.Stop(context.Background()))
		})
	}
}

func TestReload_ChangesServersAndPolicyAndKeepsWhatIsWrongOut(t *testing.T) {
	one, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, one)
	f := newTarget(small)
	r.mustInit(f)
	cfg := r.cfg
	cfg.Servers = []string{other.URL}
	cfg.Policy = "best"
	assert.ErrorIs(t, r.Reload(cfg), daemon.ErrConfig)
	assert.Equal(t, one.URL, r.servers()[0].Server)
	cfg.Policy = "round-robin"
	require.NoError(t, r.Reload(cfg))
	r.identified(1)
	assert.Equal(t, other.id, r.mustRun(f).header.Get(runtimespec.HeaderServer))
}
