package clientmode_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// held answers once the test lets it, or its caller leaves.
func held(reached chan<- struct{}, release <-chan struct{}, then script) script {
	return func(w http.ResponseWriter, r request) {
		reached <- struct{}{}
		select {
		case <-release:
			then(w, r)
		case <-r.done:
		}
	}
}

func TestInit_TheSameInFlightJoins(t *testing.T) {
	reached, release := make(chan struct{}, 8), make(chan struct{})
	f := newFake(t, map[string]script{"/init": held(reached, release, ok)})
	r := newRig(t, clientmode.Config{Upstream: f.URL})
	one := r.async("/init", initBody(small))
	wait(t, reached)
	two := r.async("/init", initBody(small))
	eventually(t, func() bool { return r.Waiting() == 2 })
	a := r.post("/init", initBody(small, "A", "other"))
	assert.Equal(t, http.StatusForbidden, a.Status, "another init meanwhile")
	close(release)
	assert.Equal(t, http.StatusOK, wait(t, one).Status)
	assert.Equal(t, http.StatusOK, wait(t, two).Status)
	assert.Equal(t, 1, f.count("/init"))
	r.sentinels(0)
}

func TestInit_OutlivesACallerThatAsksAgain(t *testing.T) {
	reached, release := make(chan struct{}, 8), make(chan struct{})
	f := newFake(t, map[string]script{"/init": held(reached, release, ok)})
	r := newRig(t, clientmode.Config{Upstream: f.URL})
	ctx, hangUp := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { left <- r.send(ctx, "/init", initBody(small), nil) }()
	wait(t, reached)
	again := r.async("/init", initBody(small))
	eventually(t, func() bool { return r.Waiting() == 2 })
	hangUp()
	assert.Error(t, wait(t, left))
	eventually(t, func() bool { return r.Waiting() == 1 })
	close(release)
	assert.Equal(t, http.StatusOK, wait(t, again).Status)
	assert.Equal(t, 1, f.count("/init"))
}

func TestInit_EndsWhenNoCallerWaits(t *testing.T) {
	reached := make(chan struct{}, 8)
	f := newFake(t, map[string]script{"/init": first(1, held(reached, nil, ok), ok)})
	r := newRig(t, clientmode.Config{Upstream: f.URL})
	ctx, hangUp := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { left <- r.send(ctx, "/init", initBody(small), nil) }()
	wait(t, reached)
	hangUp()
	assert.Error(t, wait(t, left))
	eventually(t, func() bool { return r.stderr.String() == runtimespec.Sentinel+"\n" })
	eventually(t, func() bool { return r.tryPost("/init", initBody(small)).Status == http.StatusOK })
}
