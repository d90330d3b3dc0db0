package servermode_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

func TestHTTP_RunsAreProxied(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	f, _ := newWeb("", nil)
	f.spec.Main = "/predict?top=3"
	r.mustInit(f)
	a := r.run(f, "a1", `"facts"`)
	// In a chroot the descriptor's name is its path outside.
	body := regexp.MustCompile(`"[^"]*/dev/null"`).ReplaceAllString(a.body, `"/dev/null"`)
	assert.JSONEq(t, `{"path":"/predict?top=3","stdin":0,"fd3":"/dev/null","more":false,"id":null,"mine":null}`, body)
	a = r.send(runtimespec.PathRun, runHeader(f, "a2"), []byte("{\"value\":\n\"facts\",\"activation_id\":\"a2\"}"))
	assert.Contains(t, a.body, `"id": "a2"`)
	assert.Equal(t, `{"n":12345678901234567890.0}`, r.run(f, "", `{"n":12345678901234567890.0}`).body, "byte for byte")
	assert.Equal(t, `[1, 2]`, r.run(f, "", `[1, 2]`).body)
	assert.Equal(t, `{"body":1.0}`, r.run(f, "", `1.0`).body)
	a = r.run(f, "", `{"__ow_method":"get","__ow_path":"/x/../y","__ow_query":"q=1","__ow_headers":{}}`)
	assert.Equal(t, http.StatusOK, a.status)
	assert.Contains(t, a.body, `{"statusCode":404,"headers":{"content-type":"text/plain",`)
	assert.Contains(t, a.body, `"body":"you asked for /y?q=1"}`)
}

func TestHTTP_LogsBelongToTheirRun(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	f, _ := newWeb("single", nil)
	r.mustInit(f)
	for i := range 20 {
		a := r.run(f, "", fmt.Sprintf(`{"log":"run %d"}`, i))
		want := fmt.Sprintf("run %d\n", i)
		if i == 0 {
			want = "loading\n" + want
		}
		assert.Equal(t, want, a.stdout)
	}
	a := r.run(f, "", `"log"`)
	assert.Equal(t, "out\n|err\n", a.stdout+"|"+a.stderr)
}

func TestHTTP_BadAnswersKeepTheProcess(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{MaxResult: 1 << 20})
	f, _ := newWeb("", nil)
	r.mustInit(f)
	pid := pidOf(t, r.run(f, "", `"pid"`))
	for do, says := range map[string]string{
		"throw":   "no whole answer came from its web server",
		"garbage": "no whole answer came from its web server",
		"cut":     "no whole answer came from its web server",
	} {
		a := r.run(f, "", `"`+do+`"`)
		assert.Equal(t, runtimespec.BadResult, a.reason, do)
		assert.Contains(t, a.body, says, do)
	}
	a := r.run(f, "", `"big"`)
	assert.Equal(t, http.StatusOK, a.status, "an application error")
	assert.Contains(t, a.body, `{"error":"The action produced a response that exceeded the allowed length`)
	a = r.run(f, "", `"redirect"`)
	assert.Equal(t, `{"error":{"statusCode":307,"body":""}}`, a.body)
	assert.Equal(t, pid, pidOf(t, r.run(f, "", `"pid"`)), "its model stays loaded")
}

func TestHTTP_DeadProcessIsReplaced(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	f, mark := newWeb("", nil)
	r.mustInit(f)
	pid := pidOf(t, r.run(f, "", `"pid"`))
	a := r.run(f, "", `"die"`)
	assert.Equal(t, runtimespec.Crashed, a.reason)
	assert.Equal(t, http.StatusBadRequest, a.status)
	assert.Contains(t, a.body, "command exited")
	assert.Equal(t, "last words\n", a.stdout)

	second := pidOf(t, r.run(f, "", `"pid"`))
	assert.JSONEq(t, `{"done":true}`, r.run(f, "", `"answer then exit"`).body)
	r.eventually(func() bool { return !alive(second) })
	next := pidOf(t, r.run(f, "", `"pid"`))
	assert.NotContains(t, []int{pid, second}, next)
	require.Positive(t, next)
	require.NoError(t, syscall.Kill(next, syscall.SIGKILL)) // while idle
	r.eventually(func() bool { return !alive(next) })
	next = pidOf(t, r.run(f, "", `"pid"`))

	assert.JSONEq(t, `{"closed":true}`, r.run(f, "", `"close"`).body) // it no longer listens, but lives
	assert.NotEqual(t, next, pidOf(t, r.run(f, "", `"pid"`)), "the run goes to a fresh one")
	r.eventually(func() bool { return !alive(next) })
	r.stop(f)
	r.nothingLeft(t, mark)
}

func TestHTTP_OverdueAndCancelledRunsAreKilledWithTheirTree(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	f, _ := newWeb("", nil)
	r.mustInit(f)
	header := runHeader(f, "late")
	header.Set(runtimespec.HeaderTimeout, "1500")
	answer, pids := r.sleeper(f, header)
	a := <-answer
	assert.Equal(t, runtimespec.TimedOut, a.reason, a.body)
	assert.Equal(t, "sleeping\n", a.stdout)
	for _, pid := range pids {
		r.eventually(func() bool { return !alive(pid) })
	}
	files, _ := filepath.Glob(filepath.Join(r.state, "functions", "*", "p", "*", "tmp", "child"))
	for _, file := range files {
		require.NoError(t, os.Remove(file))
	}
	answer, pids = r.sleeper(f, runHeader(f, "unwanted"))
	r.send(runtimespec.PathStop, runHeader(f, "unwanted"), nil)
	assert.Equal(t, runtimespec.Cancelled, (<-answer).reason)
	for _, pid := range pids {
		r.eventually(func() bool { return !alive(pid) })
	}
	assert.JSONEq(t, `{"a":1}`, r.run(f, "", `{"a":1}`).body)
}

func TestHTTP_RunsAtOnceWhereAllowed(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	f, mark := newWeb("", map[string]string{"__OW_ALLOW_CONCURRENT": "true"})
	r.mustInit(f)
	pid := pidOf(t, r.run(f, "", `"pid"`))
	var all sync.WaitGroup
	for i := range 5 { // each waits for the others
		all.Go(func() { assert.Equal(t, `{"body":"meet"}`, r.run(f, fmt.Sprint("m", i), `"meet"`).body) })
	}
	all.Wait()
	assert.Equal(t, pid, pidOf(t, r.run(f, "", `"pid"`)))

	header := runHeader(f, "late") // an overdue run does not disturb the others
	header.Set(runtimespec.HeaderTimeout, "1000")
	other := make(chan got, 1)
	go func() { other <- r.run(f, "other", `"hold"`) }()
	late := r.send(runtimespec.PathRun, header, []byte(`{"value":"sleep"}`))
	assert.Equal(t, runtimespec.TimedOut, late.reason)
	assert.True(t, alive(pid), "another is in it")
	fresh := pidOf(t, r.run(f, "", `"pid"`))
	assert.NotEqual(t, pid, fresh, "but it gets no new run")
	dirs, _ := filepath.Glob(filepath.Join(r.state, "functions", "*", "p", "*", "tmp"))
	require.Len(t, dirs, 2, "one for each process")
	for _, dir := range dirs {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "go"), nil, 0o666))
	}
	assert.Equal(t, `{"body":"hold"}`, (<-other).body)
	r.eventually(func() bool { return !alive(pid) })
	assert.True(t, alive(fresh))
	r.stop(f)
	r.nothingLeft(t, mark)
}

func TestHTTP_TwoFunctionsAndNothingLeft(t *testing.T) {
	harness.Needs(t, "python3")
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	files, before := openFiles(t), children()
	r := newRig(t, servermode.Config{})
	var all sync.WaitGroup
	ports := make(chan string, 4)
	for i := range cap(ports) {
		all.Go(func() {
			f, _ := newWeb("", map[string]string{"MINE": fmt.Sprint("f", i)})
			r.mustInit(f)
			for range 5 {
				assert.Contains(t, r.run(f, "", `"facts"`).body, fmt.Sprintf(`"mine": "f%d"`, i))
			}
			ports <- r.run(f, "", `"pid"`).body
			assert.Equal(t, http.StatusOK, r.stop(f).status)
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for range cap(ports) {
		seen[harness.Receive(t, ports)] = true
	}
	assert.Len(t, seen, cap(ports))
	require.NoError(t, r.Stop(t.Context()))
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	r.eventually(func() bool { return openFiles(t) <= files })
	assert.Equal(t, before, children())
}

func TestHTTP_RequirementsOfAZip(t *testing.T) {
	harness.Needs(t, "python3")
	dir := withSlowUV(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gate"), nil, 0o666))
	r := newRig(t, servermode.Config{})
	exec := "#!/usr/bin/env python3\nimport os, packed\n" +
		"from http.server import BaseHTTPRequestHandler, HTTPServer\n" +
		"class H(BaseHTTPRequestHandler):\n  def do_POST(self):\n    self.send_response(200)\n    self.end_headers()\n" +
		"    self.wfile.write(packed.NAME.encode())\n" +
		"HTTPServer((os.environ['HOST'], int(os.environ['PORT'])), H).serve_forever()\n"
	f := newTarget("http:1", harness.Zip(t, map[string]string{"exec": exec, "requirements.txt": "packed\n"}), nil)
	f.spec.Binary = true
	r.mustInit(f)
	assert.Equal(t, `{"body":"packed"}`, r.run(f, "", `{}`).body)
}

func TestHTTP_KindsByName(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	for kind, ok := range map[string]bool{"http": true, "http:1": true, "http:default": true, "http-gpu": true, "http:2": false, "https": false} {
		f, _ := newWeb("", map[string]string{"KIND": kind})
		f.spec.Kind = kind
		assert.Equal(t, ok, r.init(f).status == http.StatusOK, kind)
	}
	f, _ := newWeb("", nil)
	f.spec.Kind = ""
	r.init(f)
	assert.NotEqual(t, http.StatusOK, r.run(f, "", `"pid"`).status, "a script is native unless it is said to be a web server")
}
