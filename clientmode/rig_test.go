package clientmode_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/test/harness"
)

// rig is a client container within the test, and the invoker.
type rig struct {
	*clientmode.Client
	t              *testing.T
	stdout, stderr harness.Buffer
}

func newRig(t *testing.T, cfg clientmode.Config) *rig {
	t.Helper()
	r := &rig{t: t}
	cfg.Listen = "127.0.0.1:0"
	cfg.Stdout, cfg.Stderr = &r.stdout, &r.stderr
	if cfg.Environ == nil {
		cfg.Environ = []string{}
	}
	r.Client = clientmode.New(cfg)
	require.NoError(t, r.Start())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), harness.Patience)
		defer cancel()
		_ = r.Stop(ctx) // the fake may be gone
	})
	return r
}

// ready returns a rig whose function is initialised at a fake.
func ready(t *testing.T, f *fake, cfg clientmode.Config) *rig {
	t.Helper()
	cfg.Upstream = f.URL
	r := newRig(t, cfg)
	require.Equal(t, http.StatusOK, r.post("/init", initBody(small)).Status)
	return r
}

func (r *rig) post(path, body string) harness.Answer {
	r.t.Helper()
	a := r.tryPost(path, body)
	assert.NotEmpty(r.t, a.Header.Get("Content-Length"), "the platform takes a chunked answer for a dead container")
	return a
}

func (r *rig) tryPost(path, body string) harness.Answer {
	r.t.Helper()
	a, err := harness.TryPost("http://"+r.Addr()+path, []byte(body))
	assert.NoError(r.t, err)
	return a
}

// send posts with headers of the invoker's, for as long as ctx lives.
func (r *rig) send(ctx context.Context, path, body string, header http.Header) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+r.Addr()+path, strings.NewReader(body))
	require.NoError(r.t, err)
	if header != nil {
		req.Header = header
	}
	req.Close = true
	resp, err := new(http.Transport).RoundTrip(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	return err
}

// async posts in the background.
func (r *rig) async(path, body string) <-chan harness.Answer {
	out := make(chan harness.Answer, 1)
	go func() {
		a, _ := harness.TryPost("http://"+r.Addr()+path, []byte(body))
		out <- a
	}()
	return out
}

// sentinels asserts how many ends of an activation both streams show.
func (r *rig) sentinels(n int) {
	r.t.Helper()
	for _, s := range []*harness.Buffer{&r.stdout, &r.stderr} {
		text, lines := s.String(), 0
		for line := range strings.Lines(text) {
			if line == runtimespec.Sentinel+"\n" {
				lines++
			}
		}
		assert.Equal(r.t, n, lines, text)
		assert.Equal(r.t, n, strings.Count(text, runtimespec.Sentinel), text)
	}
}

func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, harness.Patience, time.Millisecond)
}

// wait receives, or fails the test.
func wait[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	return harness.Receive(t, from)
}

const small = "def main(args): return args"

// large is code worth two steps, huge code worth a file.
var large, huge = strings.Repeat("# comment\n", 2000), strings.Repeat("# comment\n", 200000)

func initBody(code string, env ...string) string { return initOf("main", code, env...) }

func initOf(main, code string, env ...string) string {
	vars := map[string]string{"__OW_NAMESPACE": "guest"}
	for i := 0; i < len(env); i += 2 {
		vars[env[i]] = env[i+1]
	}
	raw, _ := json.Marshal(map[string]any{"value": map[string]any{"name": "test", "main": main, "binary": false, "code": code, "env": vars}})
	return string(raw)
}

func runBody(activation string) string {
	return `{"value":{},"activation_id":"` + activation + `"}`
}
