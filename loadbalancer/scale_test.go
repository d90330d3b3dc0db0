package loadbalancer_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// When waiting has cost a copy, one is loaded, and no run waits for that.
func TestScaleOut_LoadsOneMoreCopyAside(t *testing.T) {
	one, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, one, other)
	dear := func(f *fake, w http.ResponseWriter, in request) {
		time.Sleep(300 * time.Millisecond) // what an init takes: more than waiting for a slot
		ok(f, w, in)
	}
	one.on(runtimespec.PathInit, dear)
	other.on(runtimespec.PathInit, dear)
	f := newTarget(large)
	r.mustInit(f)
	if one.count(runtimespec.PathInit) == 0 {
		one, other = other, one
	}
	loading, end := make(chan struct{}, 1), make(chan struct{})
	other.on(runtimespec.PathInit, func(f *fake, w http.ResponseWriter, in request) {
		select {
		case loading <- struct{}{}:
		default:
		}
		<-end
		ok(f, w, in)
	})
	hold := make(chan struct{})
	one.on(runtimespec.PathRun, first(4, hang(hold), func(f *fake, w http.ResponseWriter, in request) {
		time.Sleep(5 * time.Millisecond) // what a run takes
		echo(f, w, in)
	}))
	var held []<-chan got
	for range 4 { // all slots
		held = append(held, async(func() got { return r.run(f, uuid.NewString()) }))
	}
	r.eventually(func() bool { return one.count(runtimespec.PathRun) == 4 })
	r.eventually(func() bool {
		assert.Equal(t, one.id, r.mustRun(f).header.Get(runtimespec.HeaderServer))
		return len(loading) > 0
	})
	close(end)
	r.eventually(func() bool { return r.mustRun(f).header.Get(runtimespec.HeaderServer) == other.id })
	close(hold)
	for _, h := range held {
		assert.Equal(t, http.StatusOK, wait(t, h).status)
	}
}

func TestAdmission_OneTenantLeavesRoomForOthers(t *testing.T) {
	dir := t.TempDir()
	tokens, servers := filepath.Join(dir, "tokens"), filepath.Join(dir, "servers")
	require.NoError(t, os.WriteFile(tokens, []byte("aaaaaaaaaaaaaaaa a\nbbbbbbbbbbbbbbbb b\ndddddddddddddddd d delegate\n"), 0o600))
	require.NoError(t, os.WriteFile(servers, []byte("ssssssssssssssss\n"), 0o600))
	s := newFake(t)
	r := newRig(t, loadbalancer.Config{TokenFile: tokens, ServersTokenFile: servers, InFlight: 4}, s.URL)
	r.token = "dddddddddddddddd"
	r.identified(1)
	a, b := *r, *r
	a.token, b.token = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"
	f := newTarget(small)
	a.mustInit(f)
	b.mustInit(f)
	require.Equal(t, 2, s.count(runtimespec.PathInit), "tenants share nothing")
	assert.Equal(t, "a", s.all(runtimespec.PathInit)[0].Get(runtimespec.HeaderTenant))
	assert.Equal(t, "Bearer ssssssssssssssss", s.all(runtimespec.PathInit)[0].Get("Authorization"))

	end := make(chan struct{})
	s.on(runtimespec.PathRun, hang(end))
	running := []<-chan got{async(func() got { return b.run(f, "") })}
	r.eventually(func() bool { return s.count(runtimespec.PathRun) == 1 })
	for n := range 2 {
		running = append(running, async(func() got { return a.run(f, "") }))
		r.eventually(func() bool { return s.count(runtimespec.PathRun) == n+2 })
	}
	refused := a.run(f, "")
	assert.Equal(t, runtimespec.Saturated, refused.reason)
	assert.NotEmpty(t, refused.header.Get("Retry-After"))
	close(end)
	for _, run := range running {
		assert.Equal(t, http.StatusOK, wait(t, run).status)
	}

	assert.Equal(t, runtimespec.Forbidden, a.get("/servers").reason)
	assert.Equal(t, runtimespec.Forbidden, a.get("/metrics").reason)
	r.token = ""
	for _, path := range []string{"/functions", "/servers", "/metrics"} {
		assert.Equal(t, runtimespec.Unauthorized, r.get(path).reason)
	}
	s.on(runtimespec.PathReady, func(_ *fake, w http.ResponseWriter, _ request) { write(w, `{"ready":true,"kinds":"native, go:1"}`) })
	r.eventually(func() bool { return strings.Contains(r.get("/readyz").body, `"kinds":"go:1, native"`) })
	assert.Equal(t, http.StatusOK, r.get("/healthz").status)
}

func TestChecks_ServerThatDoesNotTakeTheTokenGetsNoWork(t *testing.T) {
	dir := t.TempDir()
	servers := filepath.Join(dir, "servers")
	require.NoError(t, os.WriteFile(servers, []byte("ssssssssssssssss\n"), 0o600))
	for reason, says := range map[runtimespec.Reason]string{runtimespec.Unauthorized: "--servers-token-file", runtimespec.Forbidden: "delegate"} {
		s := newFake(t)
		s.on(runtimespec.PathFunctions, refuse(reason))
		r := newRig(t, loadbalancer.Config{ServersTokenFile: servers}, s.URL)
		assert.Contains(t, r.problem(0, "draining"), says)
		assert.Equal(t, runtimespec.Saturated, r.init(newTarget(small)).reason)
		assert.Contains(t, r.get("/readyz").body, "no server is ready")
	}
}

func TestFunctions_AreThoseOfAllServers(t *testing.T) {
	one, other, away := newFake(t), newFake(t), newFake(t)
	one.on(runtimespec.PathFunctions, functions(`{"function":"x","name":"f","runs":3}`))
	other.on(runtimespec.PathFunctions, functions(`{"function":"x","name":"f"},{"function":"y","name":"g"}`))
	r := before(t, loadbalancer.Config{}, one, other, away)
	away.on(runtimespec.PathFunctions, reset)
	a := r.get("/functions")
	assert.Equal(t, 3, strings.Count(a.body, `"server":"http`), a.body)
	assert.Contains(t, a.body, `"runs":3`)
}

func TestMetrics_TellWhatBecameOfRuns(t *testing.T) {
	one, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{AccessLog: true}, one, other)
	f := newTarget(small)
	r.mustInit(f)
	one.on(runtimespec.PathRun, refuse(runtimespec.Saturated))
	other.on(runtimespec.PathRun, first(1, refuse(runtimespec.Saturated), echo))
	r.eventually(func() bool { return r.run(f, uuid.NewString()).status == http.StatusOK })
	text := r.get("/metrics").body
	for _, want := range []string{
		`whiskaway_balancer_picks_total{why="warm"}`, `whiskaway_balancer_requests_total{outcome="ok",request="init"} 1`,
		`whiskaway_balancer_requests_total{outcome="ok",request="run"} 1`, `whiskaway_balancer_retries_total{reason="saturated"}`,
		`whiskaway_balancer_inits_total{outcome="ok"} 2`, `whiskaway_balancer_server_slots{server="` + one.URL + `"} 4`,
		`whiskaway_balancer_in_flight 0`, `whiskaway_balancer_functions 1`, `whiskaway_balancer_overhead_seconds_count 1`,
	} {
		assert.Contains(t, text, want)
	}
}

func TestRun_ServerThatLiesAboutItsLoadIsNotBelieved(t *testing.T) {
	for name, load := range map[string]string{"negative": "TEXT named_metrics.in_flight=-5", "huge": "TEXT named_metrics.slots=1e300", "garbage": "\"", "none": ""} {
		t.Run(name, func(t *testing.T) {
			liar, well := newFake(t), newFake(t)
			lie := func(w http.ResponseWriter) { w.Header()[runtimespec.HeaderLoad] = []string{load} }
			for path, honest := range map[string]script{runtimespec.PathRun: echo, runtimespec.PathReady: ready, runtimespec.PathInit: ok} {
				liar.on(path, func(f *fake, w http.ResponseWriter, in request) { lie(w); honest(f, w, in) })
			}
			r := before(t, loadbalancer.Config{}, liar, well)
			f := newTarget(small)
			r.mustInit(f)
			for range 10 {
				r.mustRun(f)
			}
			for _, s := range r.servers() {
				assert.LessOrEqual(t, s.Slots, 4)
				assert.GreaterOrEqual(t, s.InFlight, 0)
			}
		})
	}
}

func TestReload_WithATokenForServersTenantsAreNamed(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	f := newTarget(small)
	r.mustInit(f)
	cfg := r.cfg
	cfg.ServersTokenFile = filepath.Join(t.TempDir(), "servers")
	require.NoError(t, os.WriteFile(cfg.ServersTokenFile, []byte("ssssssssssssssss\n"), 0o600))
	require.NoError(t, r.Reload(cfg))
	r.identified(1)
	require.Equal(t, runtimespec.UnknownFunction, r.run(f, "a1").reason)
	r.mustInit(f)
	r.mustRun(f)
	assert.Equal(t, "default", s.all(runtimespec.PathRun)[0].Get(runtimespec.HeaderTenant))
	assert.Equal(t, "Bearer ssssssssssssssss", s.all(runtimespec.PathRun)[0].Get("Authorization"))
}
