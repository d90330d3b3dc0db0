package clientmode_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestStop_LetsTheRunFinishAndGivesTheLeaseUp(t *testing.T) {
	reached, release := make(chan struct{}, 8), make(chan struct{})
	f := newFake(t, map[string]script{"/run": held(reached, release, echo)})
	r := ready(t, f, clientmode.Config{})
	run := r.async("/run", runBody("a"))
	wait(t, reached)
	stopped := make(chan error, 2)
	for range 2 {
		go func() { stopped <- r.Stop(context.Background()) }()
	}
	eventually(t, func() bool { return !r.Accepts() })
	assert.Empty(t, stopped)
	assert.Zero(t, f.count("/stop"))
	close(release)
	assert.Equal(t, http.StatusOK, wait(t, run).Status)
	assert.NoError(t, wait(t, stopped))
	assert.NoError(t, wait(t, stopped))
	assert.NoError(t, r.Stop(t.Context()))
	stops := f.all("/stop")
	require.Len(t, stops, 1)
	init := f.all("/init")[0]
	assert.Equal(t, init.Get(runtimespec.HeaderLease), stops[0].Get(runtimespec.HeaderLease))
	assert.Equal(t, init.Get(runtimespec.HeaderFunction), stops[0].Get(runtimespec.HeaderFunction))
	assert.Empty(t, stops[0].Get(runtimespec.HeaderActivation), "or it would cancel a run")
	assert.Empty(t, stops[0].body)
	r.sentinels(1)
}

func TestStop_SaysNothingWithoutAFunction(t *testing.T) {
	f := newFake(t, nil)
	r := newRig(t, clientmode.Config{Upstream: f.URL})
	assert.NoError(t, r.Stop(t.Context()))
	assert.Empty(t, f.all("/stop"))
	assert.NoError(t, clientmode.New(clientmode.Config{}).Stop(t.Context()), "never started")
}

func TestStop_EndsWithItsPatience(t *testing.T) {
	reached := make(chan struct{}, 8)
	f := newFake(t, map[string]script{"/run": held(reached, nil, echo)})
	r := ready(t, f, clientmode.Config{})
	run := r.async("/run", runBody("a"))
	wait(t, reached)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, r.Stop(ctx), context.Canceled)
	wait(t, run)
	stops := f.all("/stop")
	require.Len(t, stops, 2, "both have been sent when Stop returns: the process ends then")
	assert.Equal(t, "a", stops[0].Get(runtimespec.HeaderActivation), "it has no caller any more")
	assert.Empty(t, stops[1].Get(runtimespec.HeaderActivation), "the lease is given up although patience is over")
}

func TestStop_ReportsThatTheServerWouldNotLetGo(t *testing.T) {
	f := newFake(t, map[string]script{"/stop": refuse(runtimespec.Internal)})
	r := ready(t, f, clientmode.Config{})
	assert.ErrorContains(t, r.Stop(t.Context()), "giving up the lease: the server answered 500")
}

func TestStart_RefusesABadConfiguration(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for name, cfg := range map[string]clientmode.Config{
		"upstream with a path":   {Upstream: "http://gpu.example/v1"},
		"upstream with a secret": {Upstream: "http://me:secret@gpu.example"},
		"upstream of a kind":     {Upstream: "ftp://gpu.example"},
		"upstream without host":  {Upstream: "http://:9000"},
		"no token file":          {TokenFile: none},
		"no token in it":         {TokenFile: empty},
		"no CA file":             {CAFile: none},
		"no certificate in it":   {CAFile: empty},
		"allowed URL":            {UpstreamAllow: []string{"https://gpu.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Listen = "127.0.0.1:0"
			c := clientmode.New(cfg)
			require.ErrorIs(t, c.Start(), daemon.ErrConfig)
			assert.NoError(t, c.Stop(t.Context()))
		})
	}
}

func TestStart_SaysThatItsAddressIsTaken(t *testing.T) {
	r := newRig(t, clientmode.Config{})
	c := clientmode.New(clientmode.Config{Listen: r.Addr()})
	assert.ErrorContains(t, c.Start(), "listen on "+r.Addr())
	assert.NoError(t, c.Stop(t.Context()))
}
