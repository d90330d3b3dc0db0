package loadbalancer_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// owner is a hook that is a URL: what it is told, and what it does about it.
type owner struct {
	*httptest.Server
	mu   sync.Mutex // guards what follows
	told []order
	obey func(order) (status int)
}

type order struct {
	Action, Server, Why string
	Max                 int
	Signals             struct{ Hosts, Ready, Slots int }
}

func newOwner(t *testing.T, obey func(order) int) *owner {
	t.Helper()
	o := &owner{obey: obey}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in order
		body, _ := io.ReadAll(r.Body)
		assert.NoError(t, json.Unmarshal(body, &in))
		o.mu.Lock()
		o.told = append(o.told, in)
		o.mu.Unlock()
		w.WriteHeader(o.obey(in))
	}))
	t.Cleanup(o.Close)
	return o
}

// orders are all that it was told so far, in words.
func (o *owner) orders() (words []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, in := range o.told {
		words = append(words, strings.TrimSpace(in.Action+" "+in.Server))
	}
	return words
}

// quick is a hook's settings for a test.
func quick(hook string) loadbalancer.Hosts {
	return loadbalancer.Hosts{
		Hook: hook, Max: 2, UpAfter: 30 * time.Millisecond, DownAfter: 60 * time.Millisecond,
		CoolDown: 60 * time.Millisecond, Every: 10 * time.Millisecond,
	}
}

// loaded answers probes with a load.
func loaded(inFlight, queued int) script {
	return func(f *fake, w http.ResponseWriter, in request) {
		w.Header().Set(runtimespec.HeaderLoad, fmt.Sprintf("TEXT named_metrics.in_flight=%d, named_metrics.slots=4, named_metrics.queued=%d", inFlight, queued))
		ready(f, w, in)
	}
}

// joins has a fake say that it is here, or goodbye.
func (r *rig) joins(f *fake, leaving bool) {
	r.t.Helper()
	require.Equal(r.t, http.StatusOK, r.join("invited-servers-only", runtimespec.Registration{URL: f.URL, Incarnation: f.id, Leaving: leaving}).status)
}

// says is what GET /servers has of a server, nothing if it is no member.
func (r *rig) says(f *fake) loadbalancer.ServerStatus {
	r.t.Helper()
	for _, s := range r.servers() {
		if s.Server == f.URL {
			return s
		}
	}
	return loadbalancer.ServerStatus{}
}

func TestHosts_ComeWhenAllAreBusyAndGoWhenDrained(t *testing.T) {
	own, rented := newFake(t), newFake(t)
	own.on(runtimespec.PathReady, loaded(4, 1))
	rented.on(runtimespec.PathReady, loaded(1, 0))
	var r *rig
	there, ending, end := make(chan struct{}), make(chan struct{}), make(chan struct{})
	o := newOwner(t, func(in order) int {
		<-there
		r.joins(rented, in.Action == "down")
		if in.Action == "down" {
			close(ending)
			<-end
		}
		return http.StatusAccepted
	})
	r = newRig(t, loadbalancer.Config{JoinTokenFile: invitation(t), Hosts: quick(o.URL), Servers: []string{own.URL}})
	close(there)
	r.identified(2)
	assert.Equal(t, []string{"up"}, o.orders())
	for _, want := range []string{
		`whiskaway_balancer_hosts_actions_total{action="up",outcome="ok"} 1`, `whiskaway_balancer_fleet_servers 2`,
		`whiskaway_balancer_fleet_slots 8`, `whiskaway_balancer_fleet_running 5`, `whiskaway_balancer_fleet_waiting 1`,
	} {
		r.eventually(func() bool { return strings.Contains(r.get("/metrics").body, want+"\n") })
	}

	own.on(runtimespec.PathReady, loaded(1, 0))
	rented.on(runtimespec.PathReady, loaded(0, 0))
	wait(t, ending)
	r.eventually(func() bool { return r.says(rented) == loadbalancer.ServerStatus{} }) // it has said goodbye
	assert.Contains(t, r.get("/metrics").body, `whiskaway_balancer_hosts_state{state="ending"} 1`)
	close(end)
	r.eventually(func() bool {
		return strings.Contains(r.get("/metrics").body, `whiskaway_balancer_hosts_actions_total{action="down",outcome="ok"} 1`)
	})
	assert.Equal(t, []string{"up", "down " + rented.URL}, o.orders())
	assert.Equal(t, 1, r.count("healthy", "recovering"))
}

// A host with an init under way does not go, and one that the hook ends already
// is not people's any more. When the hook fails it gets work again.
func TestHosts_GoWhenNothingIsUnderWayThere(t *testing.T) {
	own, rented := newFake(t), newFake(t)
	own.on(runtimespec.PathReady, loaded(1, 0))
	told, end := make(chan struct{}), make(chan struct{})
	o := newOwner(t, func(order) int { told <- struct{}{}; <-end; return http.StatusBadGateway })
	cfg := quick(o.URL)
	cfg.UpAfter, cfg.DownAfter = time.Hour, 300*time.Millisecond
	r := newRig(t, loadbalancer.Config{JoinTokenFile: invitation(t), Hosts: cfg, Servers: []string{own.URL}})
	r.identified(1)
	require.Equal(t, http.StatusOK, r.tell(own.URL, "drain").status)
	r.joins(rented, false)
	r.identified(1)
	loaded := make(chan struct{})
	rented.on(runtimespec.PathInit, func(f *fake, w http.ResponseWriter, in request) {
		select {
		case <-loaded:
			ok(f, w, in)
		case <-in.done:
		}
	})
	loading := async(func() got { return r.init(newTarget(small)) })
	r.eventually(func() bool { return rented.count(runtimespec.PathInit) == 1 })
	require.Equal(t, http.StatusOK, r.tell(own.URL, "return").status)
	r.identified(2)
	checked := rented.count(runtimespec.PathReady)
	r.eventually(func() bool { return rented.count(runtimespec.PathReady) > checked+25 })
	assert.Empty(t, r.says(rented).Problem)
	close(loaded)
	require.Equal(t, http.StatusOK, wait(t, loading).status)

	wait(t, told)
	assert.Contains(t, r.says(rented).Problem, "the owner's hook ends it")
	for _, what := range []string{"drain", "return"} {
		a := r.tell(rented.URL, what)
		assert.Equal(t, http.StatusConflict, a.status)
		assert.Contains(t, a.body, "the owner's hook is ending it")
	}
	cfg.DownAfter = time.Hour
	next := r.cfg
	next.Hosts = cfg
	require.NoError(t, r.Reload(next))
	close(end)
	r.identified(2)
	r.eventually(func() bool {
		return strings.Contains(r.get("/metrics").body, `whiskaway_balancer_hosts_actions_total{action="down",outcome="failed"} 1`)
	})
}

// Whoever drains a host that goes, or returns it, has it from then on.
func TestHosts_WhatPeopleDrainOrReturnIsTheirs(t *testing.T) {
	own, rented := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, own, rented)
	parked := func(why string) {
		t.Helper()
		checked := rented.count(runtimespec.PathReady)
		r.eventually(func() bool { return rented.count(runtimespec.PathReady) > checked+1 })
		assert.Equal(t, "draining", r.says(rented).State)
		assert.Contains(t, r.says(rented).Problem, why)
	}
	r.BeginScaleIn(rented.URL)
	parked("it has nothing to do and leaves")
	id := rented.restart()
	r.eventually(func() bool { return r.says(rented).ID == id })
	parked("it has nothing to do and leaves")

	require.Equal(t, http.StatusOK, r.tell(rented.URL, "drain").status)
	assert.False(t, r.ConfirmScaleIn(rented.URL), "people's")
	r.CancelScaleIn(rented.URL)
	parked("drained here")
	r.BeginScaleIn(rented.URL)
	assert.False(t, r.ConfirmScaleIn(rented.URL), "still people's")
	require.Equal(t, http.StatusOK, r.tell(rented.URL, "return").status)
	r.identified(2)

	r.BeginScaleIn(rented.URL)
	parked("it has nothing to do and leaves")
	require.Equal(t, http.StatusOK, r.tell(rented.URL, "return").status)
	r.identified(2)
	assert.False(t, r.ConfirmScaleIn(rented.URL), "it was returned")

	r.BeginScaleIn(rented.URL)
	assert.True(t, r.ConfirmScaleIn(rented.URL))
	cfg := r.cfg
	cfg.Servers = []string{own.URL}
	require.NoError(t, r.Reload(cfg))
	require.NoError(t, r.Reload(r.cfg))
	r.identified(2) // one that comes by the same name is another
}

// No server shows load, but runs wait at the balancer, or are refused there.
func TestHosts_RunsWithoutRoomAskForOneMore(t *testing.T) {
	for name, queue := range map[string]int{"they wait": 1, "they are refused": -1} {
		t.Run(name, func(t *testing.T) {
			s := newFake(t)
			s.on(runtimespec.PathRun, refuse(runtimespec.Saturated))
			o := newOwner(t, func(order) int { return http.StatusOK })
			cfg := quick(o.URL)
			cfg.UpAfter, cfg.Every = time.Nanosecond, 20*time.Millisecond
			r := newRig(t, loadbalancer.Config{JoinTokenFile: invitation(t), Hosts: cfg, Servers: []string{s.URL}, Queue: queue})
			r.identified(1)
			f := newTarget(small)
			r.mustInit(f)
			if queue > 0 {
				waiting := async(func() got { return r.run(f, uuid.NewString()) })
				r.eventually(func() bool { return len(o.orders()) > 0 })
				assert.Contains(t, r.get("/metrics").body, "whiskaway_balancer_saturated_total 0\n")
				s.on(runtimespec.PathRun, echo)
				assert.Equal(t, http.StatusOK, wait(t, waiting).status)
				return
			}
			r.eventually(func() bool {
				assert.Equal(t, runtimespec.Saturated, r.run(f, uuid.NewString()).reason)
				return len(o.orders()) > 0
			})
			assert.Regexp(t, `(?m)^whiskaway_balancer_saturated_total [1-9]`, r.get("/metrics").body)
		})
	}
}

// A balancer that is started again does not know whether the one before it has
// asked for a host a moment ago.
func TestHosts_AfterARestartACoolDownComesFirst(t *testing.T) {
	s := newFake(t)
	s.on(runtimespec.PathReady, loaded(4, 1))
	asked := make(chan struct{}, 100)
	o := newOwner(t, func(order) int { asked <- struct{}{}; return http.StatusOK })
	cfg := loadbalancer.Config{JoinTokenFile: invitation(t), Hosts: quick(o.URL), Servers: []string{s.URL}, StateDir: t.TempDir()}
	first := newRig(t, cfg)
	wait(t, asked)
	require.NoError(t, first.Stop(t.Context()))
	told := len(o.orders())

	cfg.Hosts.CoolDown = time.Hour
	cfg.Hosts.Min = 2
	again := newRig(t, cfg)
	again.identified(1)
	checked := s.count(runtimespec.PathReady)
	again.eventually(func() bool { return s.count(runtimespec.PathReady) > checked+20 })
	assert.Len(t, o.orders(), told)
	assert.Contains(t, again.get("/metrics").body, `whiskaway_balancer_hosts_state{state="cooling"} 1`)
}
