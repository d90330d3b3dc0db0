package servermode_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

// plainRig is a server as a plain caller sees it: a runtime container.
type plainRig struct {
	*rig
	stdout, stderr harness.Buffer
}

const ended = runtimespec.Sentinel + "\n"

func newPlainRig(t *testing.T, cfg servermode.Config) *plainRig {
	t.Helper()
	p := &plainRig{}
	if cfg.Stdout == nil {
		cfg.Stdout = &p.stdout
	}
	if cfg.Environ == nil {
		cfg.Environ = []string{}
	}
	cfg.Stderr = &p.stderr
	p.rig = newRig(t, cfg)
	return p
}

// post sends what the invoker sends, and checks that the invoker could read the
// answer.
func (p *plainRig) post(path string, body string) got {
	p.t.Helper()
	a := p.send(path, http.Header{"Accept-Encoding": {"gzip"}}, []byte(body))
	assert.NotEmpty(p.t, a.header.Get("Content-Length"), "the platform takes a chunked answer for a dead container")
	assert.Empty(p.t, a.header.Get("Content-Encoding"))
	return a
}

func (p *plainRig) async(path, body string) <-chan got {
	out := make(chan got, 1)
	go func() { out <- p.post(path, body) }()
	return out
}

func codeBody(code string, env map[string]string) string {
	return string(newTarget("", code, env).body(true))
}

func (p *plainRig) mustFill(code string) {
	p.t.Helper()
	a := p.post(runtimespec.PathInit, codeBody(code, nil))
	require.Equal(p.t, http.StatusOK, a.status, a.body)
}

// activate sends a run that must succeed.
func (p *plainRig) activate(id, value string) string {
	p.t.Helper()
	a := p.post(runtimespec.PathRun, activationBody(id, value))
	assert.Equal(p.t, http.StatusOK, a.status, a.body)
	return a.body
}

func activationBody(id, value string) string {
	return `{"value":` + value + `,"activation_id":"` + id + `"}`
}

// sentinels asserts how many ends of an activation both streams show.
func (p *plainRig) sentinels(n int) {
	p.t.Helper()
	assert.Equal(p.t, n, strings.Count(p.stdout.String(), ended), p.stdout.String())
	assert.Equal(p.t, n, strings.Count(p.stderr.String(), ended), p.stderr.String())
}

// refused asserts a classic error.
func (p *plainRig) refused(a got, status int, message string) {
	p.t.Helper()
	assert.Equal(p.t, status, a.status)
	assert.Equal(p.t, `{"error":"`+message+`"}`, a.body)
}

// hangUp posts a request and hangs up once reached returns true.
func (p *plainRig) hangUp(path, body string, reached func() bool) {
	p.t.Helper()
	ctx, leave := context.WithCancel(p.t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := p.request(ctx, http.MethodPost, path, nil, []byte(body))
		left <- err
	}()
	p.eventually(reached)
	leave()
	assert.Error(p.t, <-left)
}
