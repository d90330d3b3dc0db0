package loadbalancer_test

import (
	"fmt"
	"net/http"
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

func TestInit_TwoSteps(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	f := newTarget(large)
	a := r.post(runtimespec.PathInit, f.header(), f.body(false))
	assert.Equal(t, runtimespec.CodeNeeded, a.reason)
	assert.Zero(t, s.count(runtimespec.PathInit))
	r.mustInit(f)
	g := newTarget(large, "OTHER", "env")
	a = r.post(runtimespec.PathInit, g.header(), g.body(false))
	assert.Equal(t, http.StatusOK, a.status, "the code is there")
}

func TestInit_IsForwardedOnceForAllWhoWait(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	end, arrived := make(chan struct{}), make(chan struct{})
	s.on(runtimespec.PathInit, func(_ *fake, w http.ResponseWriter, _ request) {
		close(arrived)
		<-end
		w.Header().Set("Content-Type", runtimespec.MediaFrames)
		_, _ = w.Write(runtimespec.AppendFrame(runtimespec.AppendLog(nil, runtimespec.Stdout, []byte("log\n")), runtimespec.Result, 200, []byte(`{"ok":true}`)))
	})
	f := newTarget(small)
	frames := func() got {
		return r.post(runtimespec.PathInit, f.another().header("Accept", runtimespec.MediaFrames), f.body(true))
	}
	one := async(frames)
	wait(t, arrived)
	other, run := async(frames), async(func() got { return r.run(f, "a1") })
	close(end)
	a := wait(t, one)
	assert.Equal(t, runtimespec.MediaFrames, a.header.Get("Content-Type"))
	assert.Contains(t, a.body, "log\n")
	b := wait(t, other)
	result := string(runtimespec.AppendFrame(nil, runtimespec.Result, 200, []byte(`{"ok":true}`)))
	assert.Equal(t, result, b.body, "logs are the first caller's")
	assert.Equal(t, http.StatusOK, wait(t, run).status)
	assert.Equal(t, 1, s.count(runtimespec.PathInit))
	assert.Equal(t, result, frames().body, "again is no init")
	assert.JSONEq(t, `{"ok":true}`, r.init(f).body, "to who wants no frames")
	assert.Equal(t, 1, s.count(runtimespec.PathInit))
}

func TestInit_WhatIsTheActionsFaultIsReported(t *testing.T) {
	one, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, one, other)
	one.on(runtimespec.PathInit, refuse(runtimespec.InitFailed))
	other.on(runtimespec.PathInit, refuse(runtimespec.InitFailed))
	a := r.init(newTarget(small))
	assert.Equal(t, runtimespec.InitFailed, a.reason)
	assert.JSONEq(t, `{"error":"init-failed it is"}`, a.body)
	assert.Equal(t, 1, one.count(runtimespec.PathInit)+other.count(runtimespec.PathInit))
}

func TestInit_GoesElsewhereWhereAServerCannot(t *testing.T) {
	for name, cannot := range map[string]script{
		"kind": refuse(runtimespec.UnsupportedKind), "full": refuse(runtimespec.Saturated), "draining": refuse(runtimespec.Draining),
		"breaks": reset, "garbage": raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			one, other := newFake(t), newFake(t)
			r := before(t, loadbalancer.Config{}, one, other)
			var mu sync.Mutex
			tried := 0
			either := func(f *fake, w http.ResponseWriter, in request) {
				mu.Lock()
				tried++
				fails := tried == 1
				mu.Unlock()
				if fails {
					cannot(f, w, in)
				} else {
					ok(f, w, in)
				}
			}
			one.on(runtimespec.PathInit, either)
			other.on(runtimespec.PathInit, either)
			r.mustInit(newTarget(small))
			assert.Equal(t, 1, one.count(runtimespec.PathInit))
			assert.Equal(t, 1, other.count(runtimespec.PathInit))
		})
	}
}

func TestInit_RefusesWhatItCannotTrust(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{MaxInitBody: 10_000}, s)
	f := newTarget(small)
	for name, a := range map[string]got{
		"another identity": r.post("/init", f.header(runtimespec.HeaderKind, "python:3"), f.body(true)),
		"another code":     r.post("/init", f.header(runtimespec.HeaderCode, runtimespec.Digest{}.String()), f.body(true)),
		"no JSON":          r.post("/init", f.header(), "{"),
		"env":              r.post("/init", f.header(runtimespec.HeaderEnv, "%"), f.body(true)),
	} {
		assert.Equal(t, runtimespec.BadRequest, a.reason, name)
	}
	assert.Equal(t, runtimespec.TooLarge, r.init(newTarget(large)).reason)
	assert.Zero(t, s.count(runtimespec.PathInit))
}

func TestStop_TheLastLeaseFreesTheFunctionEverywhere(t *testing.T) {
	one, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, one, other)
	f := newTarget(small)
	g := f.another()
	r.mustInit(f)
	r.mustInit(g)
	if one.count(runtimespec.PathInit) == 0 {
		one, other = other, one
	}
	one.on(runtimespec.PathRun, first(1, refuse(runtimespec.Saturated), echo))
	r.mustRun(f) // elsewhere too now
	require.Equal(t, 1, other.count(runtimespec.PathInit))
	r.stopped(f)
	assert.Zero(t, one.count(runtimespec.PathStop))
	r.mustRun(g)
	r.stopped(g)
	r.stopped(g)
	for _, s := range []*fake{one, other} {
		require.Equal(t, 1, s.count(runtimespec.PathStop))
		stop, init := s.all(runtimespec.PathStop)[0], s.all(runtimespec.PathInit)[0]
		assert.Equal(t, init.Get(runtimespec.HeaderLease), stop.Get(runtimespec.HeaderLease), "the balancer's own")
	}
	assert.Equal(t, runtimespec.UnknownFunction, r.run(g, "a1").reason)
}

// The last lease ends during an init, and another client comes.
func TestStop_AnInitInFlightIsForWhoComesNext(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	f, end := newTarget(small), make(chan struct{})
	s.on(runtimespec.PathInit, func(x *fake, w http.ResponseWriter, in request) {
		select {
		case <-end:
			ok(x, w, in)
		case <-in.done:
		}
	})
	first := async(func() got { return r.init(f) })
	r.eventually(func() bool { return s.count(runtimespec.PathInit) == 1 })
	r.stopped(f)
	assert.Equal(t, runtimespec.UnknownFunction, r.run(f, "a1").reason)
	g := f.another()
	second := async(func() got { return r.init(g) })
	r.eventually(func() bool { return r.Leases(g.spec.Identity()) == 1 })
	close(end)
	assert.Equal(t, http.StatusOK, wait(t, first).status)
	assert.Equal(t, http.StatusOK, wait(t, second).status)
	r.mustRun(g)
	assert.Equal(t, 1, s.count(runtimespec.PathInit))
	r.stopped(g)
	assert.Equal(t, 1, s.count(runtimespec.PathStop), "when the last one left, and not before")
}

// A run that waits outlives its function's last lease, and has it loaded again
// where another client does.
func TestStop_ARunThatWaitsAndWhoComesNextShareAnInit(t *testing.T) {
	for name, runFirst := range map[string]bool{"the run is first": true, "the client is": false} {
		t.Run(name, func(t *testing.T) {
			s := newFake(t)
			r := before(t, loadbalancer.Config{}, s)
			f := newTarget(small)
			r.mustInit(f)
			s.on(runtimespec.PathRun, refuse(runtimespec.Saturated))
			waiting := async(func() got { return r.run(f, "a1") })
			r.eventually(func() bool { return strings.Contains(r.get("/metrics").body, "whiskaway_balancer_queued 1\n") })
			r.stopped(f)
			end, g := make(chan struct{}), f.another()
			s.on(runtimespec.PathInit, func(x *fake, w http.ResponseWriter, in request) {
				select {
				case <-end:
					ok(x, w, in)
				case <-in.done:
				}
			})
			load := func() { // by the run
				runs := s.count(runtimespec.PathRun)
				s.on(runtimespec.PathRun, first(runs+1, refuse(runtimespec.UnknownFunction), echo))
				r.eventually(func() bool {
					return strings.Contains(r.get("/metrics").body, `whiskaway_balancer_retries_total{reason="unknown-function"} 1`)
				})
				r.eventually(func() bool { return s.count(runtimespec.PathInit) == 2 })
			}
			if runFirst {
				load()
			}
			second := async(func() got { return r.init(g) })
			r.eventually(func() bool { return r.Leases(g.spec.Identity()) == 1 && s.count(runtimespec.PathInit) == 2 })
			if !runFirst {
				load()
			}
			close(end)
			assert.Equal(t, http.StatusOK, wait(t, second).status)
			assert.Equal(t, http.StatusOK, wait(t, waiting).status)
			r.mustRun(g)
			assert.Equal(t, 2, s.count(runtimespec.PathInit), "one for both")
			assert.Equal(t, 1, s.count(runtimespec.PathStop), "when the last one left, and not while it is needed")
		})
	}
}

// What nobody needs any more is not taken over by what its server says it has.
func TestStop_AnInitInFlightIsNobodysByItself(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	f, end := newTarget(small), make(chan script)
	s.on(runtimespec.PathInit, func(x *fake, w http.ResponseWriter, in request) {
		select {
		case next := <-end:
			next(x, w, in)
		case <-in.done:
		}
	})
	first := async(func() got { return r.init(f) })
	r.eventually(func() bool { return s.count(runtimespec.PathInit) == 1 })
	r.stopped(f)
	lists := s.count(runtimespec.PathFunctions)
	s.on(runtimespec.PathFunctions, functions(fmt.Sprintf(`{"function":%q,"tenant":"default","name":"a","state":"starting"}`, f.spec.Identity())))
	s.on(runtimespec.PathReady, func(_ *fake, w http.ResponseWriter, _ request) { write(w, `{"ready":true,"changes":2}`) })
	r.eventually(func() bool { return s.count(runtimespec.PathFunctions) > lists })
	checked := s.count(runtimespec.PathReady)
	r.eventually(func() bool { return s.count(runtimespec.PathReady) > checked+3 }) // it was taken in
	end <- ok
	wait(t, first)
	r.eventually(func() bool { return s.count(runtimespec.PathStop) == 1 })
}

// A function that was stopped at a server is not ready there for who comes while
// it is still loaded elsewhere.
func TestStop_WhatWasStoppedIsNotReadyForWhoComesNext(t *testing.T) {
	one, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, one, other)
	f, ends := newTarget(small), map[string]chan script{one.id: make(chan script), other.id: make(chan script)}
	for _, s := range []*fake{one, other} {
		s.on(runtimespec.PathInit, func(x *fake, w http.ResponseWriter, in request) {
			select {
			case next := <-ends[x.id]:
				next(x, w, in)
			case <-in.done:
			}
		})
	}
	async(func() got { return r.init(f) })
	r.eventually(func() bool { return one.count(runtimespec.PathInit)+other.count(runtimespec.PathInit) == 1 })
	if one.count(runtimespec.PathInit) == 0 {
		one, other = other, one
	}
	require.Equal(t, http.StatusOK, r.tell(one.URL, "drain").status)
	g := f.another()
	second := async(func() got { return r.init(g) })
	r.eventually(func() bool { return other.count(runtimespec.PathInit) == 1 })
	r.stopped(f)
	r.stopped(g)
	ends[other.id] <- ok
	wait(t, second)
	r.eventually(func() bool { return other.count(runtimespec.PathStop) == 1 })
	other.on(runtimespec.PathInit, ok)
	r.mustInit(f.another())
	assert.Equal(t, 2, other.count(runtimespec.PathInit))
}

func TestBalancer_RestartedLearnsFromServers(t *testing.T) {
	s := newFake(t)
	f := newTarget(small)
	s.on(runtimespec.PathFunctions, functions(`{"function":"`+f.spec.Identity().String()+`","tenant":"default","name":"f","state":"cold"},{"function":"no digest","tenant":"default"}`))
	r := before(t, loadbalancer.Config{}, s)
	r.mustRun(f)
	assert.Zero(t, s.count(runtimespec.PathInit))
	s.on(runtimespec.PathRun, refuse(runtimespec.UnknownFunction))
	assert.Equal(t, runtimespec.UnknownFunction, r.run(f, uuid.NewString()).reason, "nobody told this balancer how")
	s.on(runtimespec.PathRun, echo)
	r.mustInit(f)
	r.mustRun(f)
}

func TestBalancer_KeepsCodeAndLeaseAcrossARestart(t *testing.T) {
	s := newFake(t)
	dir := t.TempDir()
	f := newTarget(large)
	lease := ""
	for range 2 {
		t.Run("", func(t *testing.T) {
			r := before(t, loadbalancer.Config{StateDir: dir}, s)
			if lease == "" {
				r.mustInit(f)
			} else {
				assert.Equal(t, http.StatusOK, r.post("/init", f.header(), f.body(false)).status)
			}
			all := s.all(runtimespec.PathInit)
			mine := all[len(all)-1].Get(runtimespec.HeaderLease)
			assert.True(t, lease == "" || lease == mine)
			lease = mine
		})
	}
}

func TestBalancer_DrainsAndRefusesNewWork(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	f := newTarget(small)
	r.mustInit(f)
	end, arrived := make(chan struct{}), make(chan struct{})
	s.on(runtimespec.PathRun, func(f *fake, w http.ResponseWriter, in request) {
		close(arrived)
		hang(end)(f, w, in)
	})
	running := async(func() got { return r.run(f, "a1") })
	wait(t, arrived)
	stopped := async(func() error { return r.Stop(t.Context()) })
	r.eventually(func() bool { return r.get("/readyz").status == http.StatusServiceUnavailable })
	assert.Contains(t, r.get("/readyz").body, "draining")
	assert.Equal(t, runtimespec.Draining, r.run(f, "a2").reason)
	close(end)
	assert.Equal(t, http.StatusOK, wait(t, running).status)
	assert.NoError(t, wait(t, stopped))
	assert.Zero(t, s.count(runtimespec.PathStop), "functions stay for the next balancer")
}

func TestBalancer_LeasesRunOut(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{Lease: time.Hour}, s)
	f := newTarget(small)
	r.mustInit(f)
	r.Tidy(time.Now().Add(59 * time.Minute))
	r.mustRun(f)
	r.Tidy(time.Now().Add(2 * time.Hour))
	r.eventually(func() bool { return s.count(runtimespec.PathStop) == 1 })
	assert.Equal(t, runtimespec.UnknownFunction, r.run(f, "a1").reason)
}
