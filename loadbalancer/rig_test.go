package loadbalancer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/test/harness"
)

// rig is a balancer within the test, and what the test sends to it.
type rig struct {
	*loadbalancer.Balancer
	t     *testing.T
	token string
	cfg   loadbalancer.Config
}

// slowCheck is how long a server may take to answer a check where one is to be
// found frozen: long enough for one that is well on a machine with much to do.
const slowCheck = 500 * time.Millisecond

func newRig(t *testing.T, cfg loadbalancer.Config, servers ...string) *rig {
	t.Helper()
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if cfg.StateDir == "" {
		cfg.StateDir = t.TempDir()
	}
	if cfg.CheckEvery == 0 {
		cfg.CheckEvery = 20 * time.Millisecond
	}
	cfg.Servers = append(cfg.Servers, servers...)
	r := &rig{Balancer: loadbalancer.New(cfg), t: t, cfg: cfg}
	require.NoError(t, r.Start())
	t.Cleanup(func() { assert.NoError(t, r.Stop(context.Background())) })
	return r
}

// before is a rig whose balancer has identified all its fakes.
func before(t *testing.T, cfg loadbalancer.Config, fakes ...*fake) *rig {
	t.Helper()
	for _, f := range fakes {
		cfg.Servers = append(cfg.Servers, f.URL)
	}
	r := newRig(t, cfg)
	r.identified(len(fakes))
	return r
}

// identified waits until so many servers in rotation are identified.
func (r *rig) identified(n int) {
	r.t.Helper()
	r.eventually(func() bool { return r.count("healthy", "recovering") == n })
}

// count is how many servers that are identified are in one of these states.
func (r *rig) count(states ...string) (n int) {
	for _, s := range r.servers() {
		for _, state := range states {
			if s.ID != "" && s.State == state {
				n++
			}
		}
	}
	return n
}

func (r *rig) servers() []loadbalancer.ServerStatus {
	r.t.Helper()
	var list struct{ Servers []loadbalancer.ServerStatus }
	require.NoError(r.t, json.Unmarshal([]byte(r.get("/servers").body), &list))
	return list.Servers
}

// target is a function as a client container knows it.
type target struct {
	spec  runtimespec.Function
	code  string
	lease string
}

func newTarget(code string, env ...string) target {
	vars := map[string]string{"__OW_NAMESPACE": "guest"}
	for i := 0; i < len(env); i += 2 {
		vars[env[i]] = env[i+1]
	}
	body := &runtimespec.InitBody{Code: []byte(code)}
	return target{
		spec:  runtimespec.Function{Kind: "native", Main: "main", Code: body.Digest(), Env: vars},
		code:  code,
		lease: uuid.NewString(),
	}
}

// unlike is another function.
func (f target) unlike() target { return newTarget(f.code, "OTHER", uuid.NewString()) }

// another is a second client container with the same function.
func (f target) another() target { f.lease = uuid.NewString(); return f }

func (f target) header(more ...string) http.Header {
	h := http.Header{
		runtimespec.HeaderFunction: {f.spec.Identity().String()},
		runtimespec.HeaderLease:    {f.lease},
		runtimespec.HeaderKind:     {f.spec.Kind},
		runtimespec.HeaderCode:     {f.spec.Code.String()},
	}
	for i := 0; i < len(more); i += 2 {
		h.Set(more[i], more[i+1])
	}
	return h
}

// body is the init request; without code it is an init's first step.
func (f target) body(withCode bool) string {
	value := map[string]any{"main": f.spec.Main, "binary": false, "env": f.spec.Env}
	if withCode {
		value["code"] = f.code
	}
	raw, _ := json.Marshal(map[string]any{"value": value})
	return string(raw)
}

// got is an answer of the balancer.
type got struct {
	status int
	reason runtimespec.Reason
	body   string
	header http.Header
	err    error // the body broke off, or nothing came
}

func (r *rig) do(ctx context.Context, method, path string, header http.Header, body string) got {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+r.Addr()+path, strings.NewReader(body))
	require.NoError(r.t, err)
	if req.Header = header.Clone(); header == nil {
		req.Header = http.Header{}
	}
	if header.Get("Transfer-Encoding") != "" {
		req.ContentLength = -1
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return got{err: err}
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	_, err = io.Copy(&text, resp.Body)
	return got{resp.StatusCode, runtimespec.Reason(resp.Header.Get(runtimespec.HeaderReason)), text.String(), resp.Header, err}
}

func (r *rig) get(path string) got { return r.do(r.t.Context(), http.MethodGet, path, nil, "") }

func (r *rig) post(path string, header http.Header, body string) got {
	return r.do(r.t.Context(), http.MethodPost, path, header, body)
}

func (r *rig) init(f target) got {
	return r.post(runtimespec.PathInit, f.header(), f.body(true))
}

func (r *rig) mustInit(f target) {
	r.t.Helper()
	a := r.init(f)
	require.Equal(r.t, http.StatusOK, a.status, "%s %v", a.body, a.err)
}

func (r *rig) run(f target, activation string, more ...string) got {
	h := f.header(more...)
	if activation != "" {
		h.Set(runtimespec.HeaderActivation, activation)
	}
	return r.post(runtimespec.PathRun, h, `{"value":{}}`)
}

func (r *rig) mustRun(f target) got {
	r.t.Helper()
	a := r.run(f, uuid.NewString())
	require.Equal(r.t, http.StatusOK, a.status, "%s %v", a.body, a.err)
	return a
}

func (r *rig) stopped(f target) {
	r.t.Helper()
	require.Equal(r.t, http.StatusOK, r.post(runtimespec.PathStop, f.header(), "").status)
}

func (r *rig) eventually(condition func() bool) {
	r.t.Helper()
	require.Eventually(r.t, condition, harness.Patience, 2*time.Millisecond)
}

// async does something in the background.
func async[T any](do func() T) <-chan T {
	out := make(chan T, 1)
	go func() { out <- do() }()
	return out
}

// wait receives, or fails the test.
func wait[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	return harness.Receive(t, from)
}

const small = "#!/bin/sh\n"

// large is code worth two steps.
var large = "#!/bin/sh\n" + strings.Repeat("# a \"comment\" of é\n", 2000)
