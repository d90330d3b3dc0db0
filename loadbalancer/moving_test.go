package loadbalancer_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// leaving is a balancer whose server one has a function and is drained, while the
// function's init elsewhere waits for the test.
type leaving struct {
	*rig
	f          target
	one, other *fake
	i          int // of one, among the servers
	end        chan script
}

func newLeaving(t *testing.T, cfg loadbalancer.Config) *leaving {
	t.Helper()
	l := &leaving{one: newFake(t), other: newFake(t), f: newTarget(large), end: make(chan script)}
	l.rig = before(t, cfg, l.one, l.other)
	l.mustInit(l.f)
	if l.one.count(runtimespec.PathInit) == 0 {
		l.one, l.other, l.i = l.other, l.one, 1
	}
	l.other.on(runtimespec.PathInit, func(f *fake, w http.ResponseWriter, in request) {
		select {
		case next := <-l.end:
			next(f, w, in)
		case <-in.done:
		}
	})
	a := l.tell(l.one.URL, "drain")
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Contains(t, a.body, `"state":"draining"`)
	return l
}

// runsAt waits until runs get to a server.
func (l *leaving) runsAt(s *fake) {
	l.t.Helper()
	l.eventually(func() bool { return l.mustRun(l.f).header.Get(runtimespec.HeaderServer) == s.id })
}

func TestDrain_RunsGoOnThereUntilTheFunctionIsReadyElsewhere(t *testing.T) {
	l := newLeaving(t, loadbalancer.Config{})
	l.eventually(func() bool { return l.other.count(runtimespec.PathInit) == 1 })
	assert.Equal(t, 1, l.servers()[l.i].Moving)
	for range 5 { // none waits for the init, which has not ended
		assert.Equal(t, l.one.id, l.mustRun(l.f).header.Get(runtimespec.HeaderServer))
	}
	l.end <- ok
	l.runsAt(l.other)
	assert.Zero(t, l.servers()[l.i].Moving)
	runs := l.one.count(runtimespec.PathRun)
	for range 5 {
		l.mustRun(l.f)
	}
	assert.Equal(t, runs, l.one.count(runtimespec.PathRun), "it has left")
	assert.Equal(t, 1, l.other.count(runtimespec.PathInit))
}

func TestDrain_WhatCannotBeMovedLeavesAllTheSame(t *testing.T) {
	for name, end := range map[string]func(l *leaving){
		"its init fails": func(l *leaving) { l.end <- refuse(runtimespec.StartFailed) },
		"it says that it drains": func(l *leaving) {
			l.one.on(runtimespec.PathReady, draining)
			l.eventually(func() bool { return l.servers()[l.i].Moving == 0 })
			l.end <- ok
		},
		"it refuses": func(l *leaving) {
			l.one.on(runtimespec.PathRun, refuse(runtimespec.Draining))
			go func() { l.end <- ok }()
		},
		"it is gone": func(l *leaving) {
			l.one.CloseClientConnections()
			l.one.Listener.Close()
			l.eventually(func() bool { return l.servers()[l.i].Moving == 0 })
			l.end <- ok
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLeaving(t, loadbalancer.Config{})
			l.eventually(func() bool { return l.other.count(runtimespec.PathInit) == 1 })
			require.Equal(t, 1, l.servers()[l.i].Moving)
			l.other.on(runtimespec.PathInit, ok) // what comes after that
			end(l)
			l.runsAt(l.other)
			assert.Zero(t, l.servers()[l.i].Moving)
		})
	}
}

func TestDrain_AMoveIsBoundedInTime(t *testing.T) {
	l := newLeaving(t, loadbalancer.Config{InitTimeout: time.Second})
	assert.Equal(t, l.one.id, l.mustRun(l.f).header.Get(runtimespec.HeaderServer))
	l.eventually(func() bool { return l.servers()[l.i].Moving == 0 })
	l.other.on(runtimespec.PathInit, ok)
	l.eventually(func() bool { // a run may yet join the init whose time is over, and is its caller's to repeat
		a := l.run(l.f, uuid.NewString())
		return a.status == http.StatusOK && assert.Equal(t, l.other.id, a.header.Get(runtimespec.HeaderServer))
	})
}

// Where a function was to go may be drained before it is there.
func TestDrain_AMoveGoesOnWhereItsTargetIsDrainedToo(t *testing.T) {
	third := newFake(t)
	l := newLeaving(t, loadbalancer.Config{})
	l.eventually(func() bool { return l.other.count(runtimespec.PathInit) == 1 })
	cfg := l.cfg
	cfg.Servers = append(cfg.Servers, third.URL)
	require.NoError(t, l.Reload(cfg))
	l.eventually(func() bool { return l.count("healthy", "recovering") == 2 })
	release := make(chan struct{})
	third.on(runtimespec.PathInit, func(f *fake, w http.ResponseWriter, in request) {
		select {
		case <-release:
			ok(f, w, in)
		case <-in.done:
		}
	})
	require.Equal(t, http.StatusOK, l.tell(l.other.URL, "drain").status)
	l.end <- ok
	l.eventually(func() bool { return third.count(runtimespec.PathInit) == 1 })
	for range 5 {
		assert.NotEqual(t, third.id, l.mustRun(l.f).header.Get(runtimespec.HeaderServer))
	}
	close(release)
	l.runsAt(third)
}
