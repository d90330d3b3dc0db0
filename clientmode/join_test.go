package clientmode_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestRun_TheSameActivationJoins(t *testing.T) {
	for _, concurrent := range []string{"true", "false"} {
		reached, release := make(chan struct{}, 8), make(chan struct{})
		f := newFake(t, map[string]script{"/run": held(reached, release, echo)})
		r := ready(t, f, clientmode.Config{Environ: []string{"__OW_ALLOW_CONCURRENT=" + concurrent}})
		one := r.async("/run", runBody("a"))
		wait(t, reached)
		two := r.async("/run", runBody("a"))
		eventually(t, func() bool { return r.Waiting() == 2 })
		close(release)
		assert.Equal(t, runBody("a"), wait(t, one).Body)
		assert.Equal(t, runBody("a"), wait(t, two).Body)
		assert.Equal(t, 1, f.count("/run"))
		r.sentinels(1)
	}
}

func TestRun_AnotherAtTheSameTimeNeedsConcurrency(t *testing.T) {
	for _, environ := range [][]string{{}, {"__OW_ALLOW_CONCURRENT=false"}, {"__OW_ALLOW_CONCURRENT=yes please"}, {"__OW_ALLOW_CONCURRENT=true"}} {
		reached, release := make(chan struct{}, 8), make(chan struct{})
		f := newFake(t, map[string]script{"/run": held(reached, release, echo)})
		r := ready(t, f, clientmode.Config{Environ: environ})
		one := r.async("/run", runBody("a"))
		wait(t, reached)
		if len(environ) > 0 && environ[0] == "__OW_ALLOW_CONCURRENT=true" {
			two, nameless, another := r.async("/run", runBody("b")), r.async("/run", `{}`), r.async("/run", `{}`)
			for range 3 { // without an id nothing joins
				wait(t, reached)
			}
			close(release)
			assert.Equal(t, runBody("b"), wait(t, two).Body)
			assert.Equal(t, `{}`, wait(t, nameless).Body)
			assert.Equal(t, `{}`, wait(t, another).Body)
			wait(t, one)
			r.sentinels(4)
			continue
		}
		for _, body := range []string{runBody("b"), `{}`} {
			a := r.post("/run", body)
			assert.Equal(t, http.StatusForbidden, a.Status)
			assert.Equal(t, `{"error":"System not ready, status is running."}`, a.Body)
		}
		r.sentinels(0)
		close(release)
		assert.Equal(t, http.StatusOK, wait(t, one).Status)
		r.sentinels(1)
	}
}

func TestRun_IsCancelledWhenTheInvokerHangsUp(t *testing.T) {
	reached := make(chan struct{}, 8)
	f := newFake(t, map[string]script{"/run": first(1, held(reached, nil, echo), echo)})
	r := ready(t, f, clientmode.Config{})
	ctx, hangUp := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { left <- r.send(ctx, "/run", runBody("a"), nil) }()
	wait(t, reached)
	hangUp()
	require.Error(t, wait(t, left))
	eventually(t, func() bool { return f.count("/stop") == 1 })
	assert.Equal(t, "a", f.all("/stop")[0].Get(runtimespec.HeaderActivation))
	eventually(t, func() bool { return r.Running() == 0 })
	r.sentinels(1)
	assert.Equal(t, http.StatusOK, r.post("/run", runBody("b")).Status)
	assert.Equal(t, 2, f.count("/run"))
	r.sentinels(2)
}

func TestRun_GoesOnForACallerThatAskedAgain(t *testing.T) {
	reached, release := make(chan struct{}, 8), make(chan struct{})
	f := newFake(t, map[string]script{"/run": held(reached, release, echo)})
	r := ready(t, f, clientmode.Config{})
	ctx, hangUp := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { left <- r.send(ctx, "/run", runBody("a"), nil) }()
	wait(t, reached)
	again := r.async("/run", runBody("a"))
	eventually(t, func() bool { return r.Waiting() == 2 })
	hangUp()
	require.Error(t, wait(t, left))
	eventually(t, func() bool { return r.Waiting() == 1 })
	close(release)
	assert.Equal(t, runBody("a"), wait(t, again).Body)
	assert.Zero(t, f.count("/stop"))
	assert.Equal(t, 1, f.count("/run"))
}

func TestRun_AReinitOutlivesTheRunThatBeganIt(t *testing.T) {
	reached := make(chan struct{}, 8)
	f := newFake(t, map[string]script{"/run": first(2, refuse(runtimespec.UnknownFunction), echo)})
	r := ready(t, f, clientmode.Config{Environ: []string{"__OW_ALLOW_CONCURRENT=true"}})
	f.on("/init", first(2, held(reached, nil, ok), ok)) // one came from ready
	ctx, hangUp := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { left <- r.send(ctx, "/run", runBody("a"), nil) }()
	wait(t, reached)
	other := r.async("/run", runBody("b"))
	eventually(t, func() bool { return r.Rejoined() == 1 })
	hangUp()
	require.Error(t, wait(t, left))
	assert.Equal(t, runBody("b"), wait(t, other).Body)
	eventually(t, func() bool { return r.Running() == 0 })
	r.sentinels(2)
}
