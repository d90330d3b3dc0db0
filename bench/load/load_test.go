package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asCommand has the test's program be the command.
const asCommand = "LOAD_TEST_COMMAND"

func TestMain(m *testing.M) {
	actIfAsked()
	if os.Getenv(asCommand) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runLoad runs the command and says what it wrote and how it ended.
func runLoad(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	var out, told bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), asCommand+"=1"), &out, &told
	_ = cmd.Run()
	return out.String(), told.String(), cmd.ProcessState.ExitCode()
}

// fakeRuntime keeps the inits it got and echoes values, or answers as it is told.
type fakeRuntime struct {
	url   string
	inits chan []byte
}

func newRuntime(t *testing.T, run func(w http.ResponseWriter, value json.RawMessage)) *fakeRuntime {
	t.Helper()
	f := &fakeRuntime{inits: make(chan []byte, 10)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/init" {
			f.inits <- body
			return
		}
		var sent struct{ Value json.RawMessage }
		_ = json.Unmarshal(body, &sent)
		run(w, sent.Value)
	}))
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

func echo(w http.ResponseWriter, value json.RawMessage) { _, _ = w.Write(value) }

func TestLoad_ReportsAClosedLoop(t *testing.T) {
	one, two := newRuntime(t, echo), newRuntime(t, echo)
	stdout, stderr, code := runLoad(t, "--target", one.url, "--target", two.url, "--callers", "2", "--runs", "50", "--warmup", "10ms", "--payload", "1KB", "--env", "A=b")
	require.Zero(t, code, stderr)
	var r report
	require.NoError(t, json.Unmarshal([]byte(stdout), &r))
	assert.EqualValues(t, 50, r.Answered)
	assert.Zero(t, r.Failed)
	assert.Empty(t, r.Errors)
	assert.Equal(t, 1000, r.Settings.Payload)
	assert.Equal(t, 2, r.Settings.Callers)
	assert.Equal(t, 2, r.Settings.Functions)
	assert.Nil(t, r.Lag)
	assert.LessOrEqual(t, r.Latency.P50, r.Latency.P99)
	assert.LessOrEqual(t, r.Latency.P99, r.Latency.Max)
	assert.EqualValues(t, 1, r.Latency.Distribution[len(r.Latency.Distribution)-1].Fraction)
	h, err := hdrhistogram.Decode([]byte(r.Latency.Histogram))
	require.NoError(t, err)
	assert.EqualValues(t, 50, h.TotalCount())
	assert.Contains(t, stderr, "answered 50")
	for i, runtime := range []*fakeRuntime{one, two} {
		var init struct {
			Value struct {
				Name, Code string
				Env        map[string]string
			}
		}
		require.NoError(t, json.Unmarshal(<-runtime.inits, &init))
		assert.Equal(t, []string{"0", "1"}[i], init.Value.Env[functionVariable])
		assert.Equal(t, "b", init.Value.Env["A"])
		assert.Equal(t, echoSources["python:3"], init.Value.Code)
	}
}

func TestLoad_ReportsAnOpenLoopToAFile(t *testing.T) {
	runtime := newRuntime(t, echo)
	file := filepath.Join(t.TempDir(), "out.json")
	for _, how := range []string{"constant", "poisson", "bursty"} {
		stdout, stderr, code := runLoad(t, "--no-init", "--target", runtime.url, "--arrivals", how, "--rate", "500", "--runs", "20", "--warmup", "0s", "--on", "10ms", "--off", "10ms", "--out", file)
		require.Zero(t, code, stderr)
		assert.Empty(t, stdout)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var r report
		require.NoError(t, json.Unmarshal(text, &r))
		assert.EqualValues(t, 20, r.Answered)
		assert.Equal(t, how, r.Settings.Arrivals)
		assert.NotNil(t, r.Lag)
	}
	assert.Empty(t, runtime.inits)
}

func TestLoad_PlaysATrace(t *testing.T) {
	runtime := newRuntime(t, echo)
	trace := filepath.Join(t.TempDir(), "trace.csv")
	require.NoError(t, os.WriteFile(trace, []byte("at,function\n0,0\n1ms,0\n0.002\n"), 0o600))
	stdout, stderr, code := runLoad(t, "--target", runtime.url, "--trace", trace)
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, `"answered": 3`)
	require.NoError(t, os.WriteFile(trace, []byte("0,1\n"), 0o600))
	_, stderr, code = runLoad(t, "--target", runtime.url, "--trace", trace)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "runs of 2 functions, and there are 1")
}

func TestLoad_FailsIfARunDoes(t *testing.T) {
	runtime := newRuntime(t, func(w http.ResponseWriter, _ json.RawMessage) { _, _ = io.WriteString(w, `{"other":1}`) })
	args := []string{"--target", runtime.url, "--value", `{"a":1}`, "--runs", "3", "--warmup", "0s"}
	stdout, stderr, code := runLoad(t, args...)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, `"failed": 3`)
	assert.Contains(t, stderr, `3 × not the value that was sent: {"other":1} in place of {"a":1}`)
	_, _, code = runLoad(t, append(args, "--allow-failures")...)
	assert.Zero(t, code)
	_, stderr, code = runLoad(t, append(args, "--check", "ok")...)
	assert.Zero(t, code, stderr)
}

func TestLoad_FailsIfAnInitDoes(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, stderr, code := runLoad(t, "--target", server.URL)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "status 404")
}

func TestLoad_RefusesWhatDoesNotGoTogether(t *testing.T) {
	for args, want := range map[string]string{
		"":                                               "missing flags: --target",
		"--target localhost:1":                           "http://HOST:PORT",
		"-t http://a -t http://a":                        "named twice",
		"-t http://a --functions 2":                      "a container holds one action",
		"-t http://a --concurrency 0":                    "--concurrency must be 1 or more",
		"-t http://a --rate 1 --callers 1":               "choose",
		"-t http://a --arrivals constant":                "needs a --rate",
		"-t http://a --arrivals trace":                   "needs --trace FILE",
		"-t http://a --rate=-1":                          "needs a --rate",
		"-t http://a --payload 11B":                      "too small",
		"-t http://a --payload 1GB":                      "no size such as",
		"-t http://a --value [1]":                        "no JSON object",
		"-t http://a --runs=-1":                          "cannot be negative",
		"-t http://a --arrivals bursty --rate 1 --on 0s": "--on must be some time",
		"-t http://a --no-init --action main.go":         "no meaning with --no-init",
		"-t http://a --kind java":                        "--kind must be one of",
	} {
		_, stderr, code := runLoad(t, strings.Fields(args)...)
		assert.Equal(t, exitUsage, code, args)
		assert.Contains(t, stderr, want, args)
	}
}

func TestAct_EchoesValuesWhereverTheyStand(t *testing.T) {
	var out bytes.Buffer
	lines := `{"value":{"n":"a}b"},"activation_id":"1"}` + "\n" + `{"activation_id":"2","value":{"deep":{"value":1}}}` + "\n{}\n"
	require.NoError(t, echoLines(strings.NewReader(lines), &out))
	assert.Equal(t, `{"n":"a}b"}`+"\n"+`{"deep":{"value":1}}`+"\n{}\n", out.String())
	assert.Error(t, echoLines(strings.NewReader(`{"value":`), io.Discard))
}

func TestAct_AnswersEachLineBeforeTheNext(t *testing.T) {
	in, feed := io.Pipe()
	results, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- echoLines(in, out) }()
	for range 3 {
		_, err := io.WriteString(feed, `{"value":{"a":1}}`+"\n")
		require.NoError(t, err)
		line := make([]byte, len(`{"a":1}`)+1)
		_, err = io.ReadFull(results, line)
		require.NoError(t, err)
		assert.Equal(t, `{"a":1}`+"\n", string(line))
	}
	require.NoError(t, feed.Close())
	assert.NoError(t, <-done)
}
