package loadbalancer_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// shows waits until a line is among the metrics.
func (r *rig) shows(line string) {
	r.t.Helper()
	r.eventually(func() bool { return strings.Contains(r.get("/metrics").body, "\n"+line+"\n") })
}

// One run that ends wakes the one whose turn it is: tenants take turns, then the
// functions of one, and within a function who came first goes first.
func TestQueue_ASlotThatIsFreedGoesToTheOneWhoseTurnItIs(t *testing.T) {
	dir := t.TempDir()
	tokens, servers := filepath.Join(dir, "tokens"), filepath.Join(dir, "servers")
	require.NoError(t, os.WriteFile(tokens, []byte("aaaaaaaaaaaaaaaa a\nbbbbbbbbbbbbbbbb b\ndddddddddddddddd d delegate\n"), 0o600))
	require.NoError(t, os.WriteFile(servers, []byte("ssssssssssssssss\n"), 0o600))
	s := newCrowded(t, 1)
	r := newRig(t, loadbalancer.Config{TokenFile: tokens, ServersTokenFile: servers}, s.URL)
	r.token = "dddddddddddddddd"
	r.identified(1)
	a, b := *r, *r
	a.token, b.token = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"
	f, other := newTarget(small), newTarget(small, "OTHER", "env")
	for _, caller := range []rig{a, b} {
		caller.mustInit(f)
		caller.mustInit(other)
	}
	var all []<-chan got
	for n, run := range []struct {
		by       rig
		function target
		id       string
	}{{a, f, "a0"}, {a, f, "a1"}, {a, f, "a2"}, {a, f, "a3"}, {a, other, "o1"}, {b, f, "b1"}, {b, f, "b2"}} {
		all = append(all, async(func() got { return run.by.run(run.function, run.id) }))
		if n == 0 {
			require.Equal(t, "a0", wait(t, s.started))
		}
		r.queued(n)
	}
	assert.Contains(t, r.get("/readyz").header.Get(runtimespec.HeaderLoad), "queued=6")
	assert.Equal(t, 3, s.refusals(), "one for each function: others wait behind its first")
	for _, id := range []string{"a1", "b1", "o1", "b2", "a2", "a3"} {
		s.end <- struct{}{}
		require.Equal(t, id, wait(t, s.started))
	}
	s.end <- struct{}{}
	for _, run := range all {
		assert.Equal(t, http.StatusOK, wait(t, run).status)
	}
	assert.Equal(t, 3, s.refusals(), "who was woken had a slot")
	r.shows("whiskaway_balancer_queue_seconds_count 6")
	r.queued(0)
}

// What waits here is told apart from what waits at servers: of several balancers an
// autoscaler adds up the one, and takes the other from any.
func TestQueue_IsNoneOfTheServers(t *testing.T) {
	r, s, f, first := filled(t, loadbalancer.Config{})
	second := async(func() got { return r.run(f, "second") })
	r.queued(1)
	body := r.get("/metrics").body
	assert.Contains(t, body, "\nwhiskaway_balancer_queued 1\n")
	assert.Contains(t, body, "\nwhiskaway_balancer_fleet_waiting 0\n")
	s.end <- struct{}{}
	wait(t, s.started)
	s.end <- struct{}{}
	wait(t, first)
	wait(t, second)
}

// What is cold, loads, or finds no room holds up nothing else.
func TestQueue_AFunctionWithoutRoomHoldsUpNoOther(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	full, warm, cold := newTarget(small), newTarget(small, "A", "warm"), newTarget(small, "A", "cold")
	r.mustInit(full)
	r.mustInit(warm)
	s.on(runtimespec.PathRun, func(f *fake, w http.ResponseWriter, in request) {
		if in.Get(runtimespec.HeaderFunction) == full.spec.Identity().String() {
			refuse(runtimespec.Saturated)(f, w, in)
			return
		}
		echo(f, w, in)
	})
	end, arrived := make(chan struct{}), make(chan struct{})
	s.on(runtimespec.PathInit, func(f *fake, w http.ResponseWriter, in request) { close(arrived); <-end; ok(f, w, in) })
	ctx, leave := context.WithCancel(t.Context())
	waits := async(func() got { return r.do(ctx, http.MethodPost, runtimespec.PathRun, full.header(), `{}`) })
	r.queued(1)
	loads := async(func() got { return r.init(cold) })
	wait(t, arrived)
	joins := async(func() got { return r.run(cold, "c1") })
	for range 20 {
		r.mustRun(warm)
	}
	r.queued(1)
	close(end)
	assert.Equal(t, http.StatusOK, wait(t, loads).status)
	assert.Equal(t, http.StatusOK, wait(t, joins).status)
	leave()
	assert.Error(t, wait(t, waits).err)
	r.queued(0)
}

func TestQueue_WhoLeavesOrIsCancelledGivesItsPlaceBack(t *testing.T) {
	r, s, f, first := filled(t, loadbalancer.Config{})
	ctx, leave := context.WithCancel(t.Context())
	left := async(func() got { return r.do(ctx, http.MethodPost, runtimespec.PathRun, f.header(), `{}`) })
	r.queued(1)
	cancelled := async(func() got { return r.run(f, "second") })
	r.queued(2)
	leave()
	assert.Error(t, wait(t, left).err)
	r.queued(1)
	require.Equal(t, http.StatusOK, r.post(runtimespec.PathStop, f.header(runtimespec.HeaderActivation, "second"), "").status)
	assert.Equal(t, runtimespec.Cancelled, wait(t, cancelled).reason)
	r.queued(0)
	s.end <- struct{}{}
	assert.Equal(t, http.StatusOK, wait(t, first).status)
	assert.Equal(t, 2, s.count(runtimespec.PathRun), "the first, and who was refused before it waited")
}

// A refusal says that nothing was started, and arrives before the time is over.
func TestQueue_WaitsNoLongerThanItMay(t *testing.T) {
	for name, c := range map[string]struct {
		cfg    loadbalancer.Config
		header []string
	}{
		"as it is set": {loadbalancer.Config{QueueWait: 20 * time.Millisecond}, nil},
		"its own time": {loadbalancer.Config{QueueWait: time.Hour}, []string{runtimespec.HeaderTimeout, "400"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, s, f, first := filled(t, c.cfg)
			a := r.run(f, "second", c.header...)
			assert.Equal(t, runtimespec.Saturated, a.reason)
			assert.Equal(t, http.StatusServiceUnavailable, a.status)
			assert.NotEmpty(t, a.header.Get("Retry-After"))
			r.shows(`whiskaway_balancer_queue_refused_total{cause="time"} 1`)
			r.queued(0)
			s.end <- struct{}{}
			assert.Equal(t, http.StatusOK, wait(t, first).status)
		})
	}
}

func TestQueue_IsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		cfg   loadbalancer.Config
		body  string
		waits bool // one, before this
		cause string
	}{
		"none":   {loadbalancer.Config{Queue: -1}, "{}", false, ""},
		"places": {loadbalancer.Config{Queue: 2}, "{}", true, "tenant"},
		"memory": {loadbalancer.Config{BodyMemory: 1000}, `{"value":"` + strings.Repeat("x", 600) + `"}`, true, "bytes"},
		"large":  {loadbalancer.Config{BodyMemory: 1000}, `{"value":"` + strings.Repeat("x", 1000) + `"}`, false, "bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			r, s, f, first := filled(t, c.cfg)
			post := func() got { return r.post(runtimespec.PathRun, f.header(), c.body) }
			var waits <-chan got
			if c.waits {
				waits = async(post)
				r.queued(1)
			}
			a := post()
			assert.Equal(t, runtimespec.Saturated, a.reason)
			assert.NotEmpty(t, a.header.Get("Retry-After"))
			if c.cause != "" {
				r.shows(`whiskaway_balancer_queue_refused_total{cause="` + c.cause + `"} 1`)
			}
			s.end <- struct{}{}
			assert.Equal(t, http.StatusOK, wait(t, first).status)
			if c.waits {
				wait(t, s.started)
				s.end <- struct{}{}
				assert.Equal(t, http.StatusOK, wait(t, waits).status)
			}
		})
	}
}

// Who is let in again gets what waited: nobody has to ask once more.
func TestQueue_AServerThatComesBackGetsWhatWaits(t *testing.T) {
	for name, end := range map[string]struct{ away, back func(s *fake) }{
		"drained": {func(s *fake) { s.on(runtimespec.PathReady, draining) }, func(s *fake) { s.on(runtimespec.PathReady, ready) }},
		"restarted": {func(s *fake) {
			s.on(runtimespec.PathReady, draining)
			s.on(runtimespec.PathRun, first(1, refuse(runtimespec.UnknownFunction), echo))
		}, func(s *fake) { s.on(runtimespec.PathReady, ready); s.restart() }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newFake(t)
			r := before(t, loadbalancer.Config{}, s)
			f := newTarget(large)
			r.mustInit(f)
			end.away(s)
			r.eventually(func() bool { return r.servers()[0].State == "draining" })
			var runs []<-chan got
			for range 3 {
				runs = append(runs, async(func() got { return r.run(f, "") }))
			}
			r.queued(3)
			end.back(s)
			for _, run := range runs {
				a := wait(t, run)
				assert.Equal(t, http.StatusOK, a.status, a.body)
			}
		})
	}
}

// A server that seems to have room and has none for a function is asked again
// seldom.
func TestQueue_RefusalsAreNotAskedForAgainAndAgain(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	f := newTarget(small)
	r.mustInit(f)
	s.on(runtimespec.PathRun, first(4, refuse(runtimespec.Saturated), echo))
	began := time.Now()
	assert.Equal(t, http.StatusOK, r.run(f, "a1").status)
	assert.Greater(t, time.Since(began), 4*50*time.Millisecond, "with longer pauses each time")
}
