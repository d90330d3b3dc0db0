package servermode_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

// rig is a server within the test, and what the test sends to it.
type rig struct {
	*servermode.Server
	t     *testing.T
	state string
	token string
}

func newRig(t *testing.T, cfg servermode.Config) *rig {
	t.Helper()
	r := &rig{t: t, state: cfg.StateDir}
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if r.state == "" {
		r.state = harness.StateDir(t)
	}
	cfg.StateDir = r.state
	cfg.AllowSharedUser = true // the tests' tenants trust each other
	r.Server = servermode.New(cfg)
	require.NoError(t, r.Start())
	t.Cleanup(func() { assert.NoError(t, r.Stop(context.Background())) })
	return r
}

// Reload is the server's. The tests' tenants still trust each other.
func (r *rig) Reload(cfg servermode.Config) error {
	cfg.AllowSharedUser = true
	return r.Server.Reload(cfg)
}

// target is a function as a client container knows it.
type target struct {
	spec  runtimespec.Function
	code  string
	lease string
}

func newTarget(kind, code string, env map[string]string) target {
	body := &runtimespec.InitBody{Code: []byte(code)}
	return target{
		spec:  runtimespec.Function{Kind: kind, Main: "main", Code: body.Digest(), Env: env},
		code:  code,
		lease: uuid.NewString(),
	}
}

// another returns a second client container with the same function.
func (f target) another() target { f.lease = uuid.NewString(); return f }

func (f target) header() http.Header {
	return http.Header{
		runtimespec.HeaderFunction: {f.spec.Identity().String()},
		runtimespec.HeaderLease:    {f.lease},
		runtimespec.HeaderKind:     {f.spec.Kind},
	}
}

// body returns the init request. Without code it is an init's first step.
func (f target) body(withCode bool) []byte {
	value := map[string]any{"main": f.spec.Main, "binary": f.spec.Binary, "env": f.spec.Env}
	if withCode {
		value["code"] = f.code
	}
	raw, _ := json.Marshal(map[string]any{"value": value})
	return raw
}

// got is an answer of the server.
type got struct {
	status int
	reason runtimespec.Reason
	body   string
	header http.Header
	stdout string
	stderr string
}

func (r *rig) request(ctx context.Context, method, path string, header http.Header, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+r.Addr()+path, bytes.NewReader(body))
	require.NoError(r.t, err)
	req.Header = header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	return http.DefaultTransport.RoundTrip(req)
}

func (r *rig) send(path string, header http.Header, body []byte) got {
	r.t.Helper()
	resp, err := r.request(r.t.Context(), http.MethodPost, path, header, body)
	require.NoError(r.t, err)
	return r.read(resp)
}

func (r *rig) read(resp *http.Response) got {
	r.t.Helper()
	defer resp.Body.Close()
	out := got{status: resp.StatusCode, reason: runtimespec.Reason(resp.Header.Get(runtimespec.HeaderReason)), header: resp.Header}
	if resp.Header.Get("Content-Type") != runtimespec.MediaFrames {
		text, err := io.ReadAll(resp.Body)
		require.NoError(r.t, err)
		out.body = string(text)
		return out
	}
	for frames := runtimespec.NewFrameReader(resp.Body, 16<<20); ; {
		frame, err := frames.Next()
		if err == io.EOF {
			return out
		}
		require.NoError(r.t, err)
		switch frame.Stream {
		case runtimespec.Stdout:
			out.stdout += string(frame.Payload)
		case runtimespec.Stderr:
			out.stderr += string(frame.Payload)
		case runtimespec.Cause:
			out.reason = runtimespec.Reason(frame.Payload)
		case runtimespec.Result:
			out.status, out.body = frame.Status, string(frame.Payload)
		}
	}
}

func (r *rig) init(f target) got {
	r.t.Helper()
	return r.send(runtimespec.PathInit, f.header(), f.body(true))
}

func (r *rig) mustInit(f target) {
	r.t.Helper()
	a := r.init(f)
	require.Equal(r.t, http.StatusOK, a.status, a.body+a.stderr)
}

// run activates f and asks for frames.
func (r *rig) run(f target, activation, value string) got {
	r.t.Helper()
	return r.send(runtimespec.PathRun, runHeader(f, activation), []byte(`{"value":`+value+`}`))
}

func runHeader(f target, activation string) http.Header {
	h := f.header()
	h.Set("Accept", runtimespec.MediaFrames)
	if activation != "" {
		h.Set(runtimespec.HeaderActivation, activation)
	}
	return h
}

func (r *rig) stop(f target) got {
	r.t.Helper()
	return r.send(runtimespec.PathStop, f.header(), nil)
}

func (r *rig) functions() []servermode.FunctionStatus {
	r.t.Helper()
	resp, err := r.request(r.t.Context(), http.MethodGet, runtimespec.PathFunctions, nil, nil)
	require.NoError(r.t, err)
	defer resp.Body.Close()
	var list struct{ Functions []servermode.FunctionStatus }
	require.NoError(r.t, json.NewDecoder(resp.Body).Decode(&list))
	return list.Functions
}

func (r *rig) eventually(condition func() bool) {
	r.t.Helper()
	require.Eventually(r.t, condition, harness.Patience, 2*time.Millisecond)
}

// folders returns the function folders that exist.
func (r *rig) folders() []os.DirEntry {
	entries, err := os.ReadDir(filepath.Join(r.state, "functions"))
	require.NoError(r.t, err)
	return entries
}

// alive reports whether a process exists and is no zombie.
func alive(pid int) bool {
	status, err := os.ReadFile("/proc/" + itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(status), ") ")
	return !strings.HasPrefix(rest, "Z")
}

// echo is a native function that answers its line, prints its pid and env on
// request, and misbehaves when told to.
const echo = `#!/bin/bash
while read -r line; do
  case "$line" in
  *'"pid"'*) echo "{\"pid\":$$,\"user\":$(id -u)}" >&3 ;;
  *'"env"'*) echo "{\"mine\":\"$MINE\",\"canary\":\"$CANARY\",\"host\":\"$__OW_API_HOST\"}" >&3 ;;
  *'"log"'*) echo out; echo err >&2; echo '{}' >&3 ;;
  *'"sleep"'*) sleep 1000 & echo $! >"$TMPDIR/child"; echo sleeping; wait; echo '{}' >&3 ;;
  *'"die"'*) echo last words; exit 3 ;;
  *'"big"'*) (printf '{"x":"'; head -c 3000000 /dev/zero | tr '\0' x; echo '"}') >&3 ;;
  *'"flood"'*) head -c 30000000 /dev/zero | tr '\0' '\n'; echo '{}' >&3 ;;
  *'"count"'*) echo x >>"$TMPDIR/ledger"; sleep 0.3; echo "{\"n\":$(wc -l <"$TMPDIR/ledger")}" >&3 ;;
  *) echo "$line" >&3 ;;
  esac
done
`

func pidOf(t *testing.T, a got) int {
	t.Helper()
	var answer struct{ PID int }
	require.NoError(t, json.Unmarshal([]byte(a.body), &answer), a.body)
	return answer.PID
}
