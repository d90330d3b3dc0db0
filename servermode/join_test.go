package servermode_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/tunnel"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

// joined records what a balancer is told, and holds its answer.
type joined struct {
	*httptest.Server
	t     *testing.T
	said  chan said
	sick  atomic.Bool
	every atomic.Int64 // ms
	hub   tunnel.Hub
}

type said struct {
	runtimespec.Registration
	token string
}

func newJoined(t *testing.T) *joined {
	t.Helper()
	j := &joined{t: t, said: make(chan said, 1000)}
	j.every.Store(100)
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+runtimespec.PathJoin, j.join)
	mux.Handle("GET "+runtimespec.PathTunnel, &j.hub)
	j.Server = httptest.NewServer(mux)
	t.Cleanup(j.Close)
	t.Cleanup(j.hub.Close)
	return j
}

func (j *joined) join(w http.ResponseWriter, r *http.Request) {
	s := said{token: r.Header.Get("Authorization")}
	body, _ := io.ReadAll(r.Body)
	if !assert.NoError(j.t, json.Unmarshal(body, &s.Registration)) {
		return
	}
	j.said <- s
	if j.sick.Load() {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"error":"not you"}`))
		return
	}
	_ = json.NewEncoder(w).Encode(runtimespec.Membership{IntervalMS: j.every.Load()})
}

func (j *joined) next() said {
	j.t.Helper()
	select {
	case s := <-j.said:
		return s
	case <-time.After(harness.Patience):
		require.Fail(j.t, "nothing was said")
	}
	return said{}
}

func TestJoin_SaysAgainAndAgainWhereTheServerIs(t *testing.T) {
	one, two := newJoined(t), newJoined(t)
	r := newRig(t, servermode.Config{Join: []string{one.URL, two.URL}})
	var first said
	for _, j := range []*joined{one, two} {
		first = j.next()
		assert.Equal(t, "http://"+r.Addr(), first.URL)
		assert.Len(t, first.Incarnation, 36)
		assert.Empty(t, first.token)
		assert.Equal(t, first, j.next())
	}
	assert.Equal(t, first.Incarnation, r.send(runtimespec.PathStop, nil, nil).header.Get(runtimespec.HeaderServer))
}

func TestJoin_DrainsBeforeItSaysGoodbye(t *testing.T) {
	j := newJoined(t)
	j.every.Store(60_000) // it is told before the next interval
	r := newRig(t, servermode.Config{Join: []string{j.URL}})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	assert.False(t, j.next().Draining)
	counted := make(chan got, 1)
	go func() { counted <- r.run(f, "", `"count"`) }()
	r.eventually(func() bool { return r.functions()[0].Instances[0].Busy })
	stopped := make(chan error, 1)
	go func() { stopped <- r.Stop(t.Context()) }()
	s := j.next()
	assert.True(t, s.Draining)
	assert.False(t, s.Leaving)
	a := <-counted
	assert.Equal(t, http.StatusOK, a.status, "%+v", a)
	s = j.next()
	assert.True(t, s.Leaving, "when no run is left")
	assert.NoError(t, <-stopped)
	assert.Empty(t, j.said)
}

func TestJoin_GoesOnTryingAndSaysOnceWhy(t *testing.T) {
	j := newJoined(t)
	j.sick.Store(true)
	core, logs := observer.New(zap.InfoLevel)
	newRig(t, servermode.Config{Join: []string{j.URL}, Log: zap.New(core)})
	for range 3 {
		j.next()
	}
	failed := logs.FilterMessage("cannot join the balancer; retrying")
	require.Equal(t, 1, failed.Len())
	assert.Contains(t, failed.All()[0].ContextMap()["error"], `403: {"error":"not you"}`)
	j.sick.Store(false)
	require.Eventually(t, func() bool { return logs.FilterMessage("joined the balancer").Len() == 1 }, harness.Patience, 2*time.Millisecond)
}

func TestJoin_ReadsItsTokenEachTime(t *testing.T) {
	j := newJoined(t)
	file := filepath.Join(t.TempDir(), "token")
	put := func(token string) { require.NoError(t, os.WriteFile(file, []byte(token+"\n"), 0o600)) }
	old, young := strings.Repeat("o", 16), strings.Repeat("y", 16)
	put(old)
	newRig(t, servermode.Config{Join: []string{j.URL}, JoinTokenFile: file, Advertise: "https://gpu-1:9000"})
	s := j.next()
	assert.Equal(t, "Bearer "+old, s.token)
	assert.Equal(t, "https://gpu-1:9000", s.URL)
	put(young)
	require.Eventually(t, func() bool { return j.next().token == "Bearer "+young }, harness.Patience, time.Millisecond)
}

func TestJoin_WithATunnelRunsComeThroughIt(t *testing.T) {
	j := newJoined(t)
	tokens := filepath.Join(t.TempDir(), "tokens")
	secret := strings.Repeat("s", 16)
	require.NoError(t, os.WriteFile(tokens, []byte(secret), 0o600))
	r := newRig(t, servermode.Config{Join: []string{j.URL}, Tunnel: true, TokenFile: tokens, JoinTokenFile: tokens})
	s := j.next()
	assert.Empty(t, s.URL)
	assert.True(t, s.Tunnel)
	assert.Contains(t, s.Name, r.Addr()[strings.LastIndex(r.Addr(), ":"):])
	r.eventually(func() bool { return j.hub.Has(s.Incarnation) })
	through := func(token, path string, h http.Header, body []byte) (int, string) {
		pool := upstream.New(&url.URL{Scheme: "http", Host: "tunnel"}, upstream.Options{Token: token, Dial: j.hub.Dialer(s.Incarnation)})
		defer pool.CloseIdle()
		fields := upstream.Header{}
		for name, values := range h {
			fields = append(fields, upstream.Field{Name: name, Value: values[0]})
		}
		resp, err := pool.Send(t.Context(), &upstream.Request{Path: path, Header: fields, Body: body})
		require.NoError(t, err)
		defer resp.Close()
		text, err := io.ReadAll(resp)
		require.NoError(t, err)
		return resp.Status, string(text)
	}
	f := newTarget("native", echo, nil)
	status, _ := through("", runtimespec.PathInit, f.header(), f.body(true))
	assert.Equal(t, http.StatusUnauthorized, status, "the same rules hold")
	status, text := through(secret, runtimespec.PathInit, f.header(), f.body(true))
	assert.Equal(t, http.StatusOK, status, text)
	_, text = through(secret, runtimespec.PathRun, f.header(), []byte(`{"value":1}`))
	assert.JSONEq(t, `{"value":1}`, text)
	require.NoError(t, r.Stop(t.Context()))
	r.eventually(func() bool { return !j.hub.Has(s.Incarnation) })
}

func TestJoin_SaysWhatIsMissing(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(tokens, []byte(strings.Repeat("s", 16)), 0o600))
	for says, cfg := range map[string]servermode.Config{
		"set --advertise":         {Listen: "0.0.0.0:0", TokenFile: tokens, Join: []string{"http://lb:1"}},
		"set --advertise http":    {Listen: ":0", TokenFile: tokens, Join: []string{"http://lb:1"}},
		"--join: ":                {Join: []string{"http://lb:1/path"}},
		"is there twice":          {Join: []string{"http://lb:1", "lb:1"}},
		"--advertise: ":           {Join: []string{"http://lb:1"}, Advertise: "gpu:1/path"},
		"exclude each other":      {Join: []string{"http://127.0.0.1:1"}, Advertise: "gpu:1", Tunnel: true},
		"others run code here":    {Join: []string{"http://lb:1"}, Tunnel: true},
		"--join-token-file: open": {Join: []string{"http://lb:1"}, JoinTokenFile: "/nowhere"},
	} {
		cfg.StateDir = harness.StateDir(t)
		err := servermode.New(cfg).Start()
		assert.ErrorIs(t, err, daemon.ErrConfig, says)
		assert.ErrorContains(t, err, says)
	}
}
