package clientmode_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestRun_BytesPassUnmodified(t *testing.T) {
	f := newFake(t, nil)
	r := ready(t, f, clientmode.Config{MaxResult: 2 << 20})
	for _, body := range []string{
		`{"value":{"n":9007199254740993123, "f":1.0e0 , "s":"\u2744❄"},"activation_id":"a","extra":[1]}` + "\n",
		`null`, `{}`, ` {"value":"` + strings.Repeat("x", 1<<20) + `"}`,
	} {
		a := r.post("/run", body)
		assert.Equal(t, http.StatusOK, a.Status)
		assert.True(t, a.Body == body)
		assert.Equal(t, strconv.Itoa(len(body)), a.Header.Get("Content-Length"))
		assert.Empty(t, a.Header.Get("Content-Encoding"))
		got := f.all("/run")
		assert.True(t, got[len(got)-1].body == body)
		assert.Equal(t, strconv.Itoa(len(body)), got[len(got)-1].Get("X-Length"))
	}
	r.sentinels(4)
}

func TestRun_LogsGoToTheirStreamsBeforeTheSentinel(t *testing.T) {
	release := make(chan struct{})
	f := newFake(t, map[string]script{"/run": func(w http.ResponseWriter, r request) {
		w.Header().Set("Content-Type", runtimespec.MediaFrames)
		_, _ = w.Write(log(runtimespec.Stdout, "live\n"))
		w.(http.Flusher).Flush()
		<-release
		result(w, 200, `[1]`, log(runtimespec.Stderr, "oh"), log(runtimespec.Stdout, "no newline"))
	}})
	r := ready(t, f, clientmode.Config{})
	answer := r.async("/run", runBody("a"))
	eventually(t, func() bool { return r.stdout.String() == "live\n" })
	close(release)
	assert.Equal(t, `[1]`, wait(t, answer).Body)
	assert.Equal(t, "live\nno newline\n"+runtimespec.Sentinel+"\n", r.stdout.String())
	assert.Equal(t, "oh\n"+runtimespec.Sentinel+"\n", r.stderr.String())
}

func TestRun_FailuresArePassedOn(t *testing.T) {
	for name, c := range map[string]struct {
		script script
		status int
		body   string
	}{
		"in frames": {func(w http.ResponseWriter, _ request) {
			result(w, 400, `{"error":"command exited"}`, runtimespec.AppendFrame(nil, runtimespec.Cause, 0, []byte(runtimespec.Crashed)))
		}, 400, `{"error":"command exited"}`},
		"plain":                 {refuse(runtimespec.BadResult), 502, `{"error":"bad-result it is"}`},
		"503 that may have run": {func(w http.ResponseWriter, _ request) { result(w, 503, `{"error":"x"}`) }, 502, `{"error":"x"}`},
		"plain 503 for a reason unknown": {func(w http.ResponseWriter, _ request) {
			w.Header().Set(runtimespec.HeaderReason, "sunspots")
			w.WriteHeader(503)
			_, _ = w.Write([]byte(`{"error":"x"}`))
		}, 502, `{"error":"x"}`},
		"over in the queue": {refuse(runtimespec.Expired), 502, `{"error":"expired it is"}`},
		"no room there":     {refuse(runtimespec.HostFailed), 502, `{"error":"host-failed it is"}`},
		"a result whose head claims a refusal": {func(w http.ResponseWriter, _ request) {
			w.Header().Set(runtimespec.HeaderReason, string(runtimespec.Saturated))
			result(w, 200, `{}`)
		}, 200, `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]script{"/run": c.script})
			r := ready(t, f, clientmode.Config{})
			a := r.post("/run", runBody("a"))
			assert.Equal(t, c.status, a.Status)
			assert.Equal(t, c.body, a.Body)
			assert.Equal(t, 1, f.count("/run"))
			r.sentinels(1)
		})
	}
}

func TestRun_DeadlineBoundsTheRun(t *testing.T) {
	f := newFake(t, map[string]script{"/run": func(_ http.ResponseWriter, r request) { <-r.done }})
	r := ready(t, f, clientmode.Config{})
	a := r.post("/run", `{"deadline":"`+strconv.FormatInt(time.Now().Add(2*time.Second).UnixMilli(), 10)+`"}`)
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Regexp(t, `The action exceeded its time limits of \d+00 milliseconds\."`, a.Body)
	left, err := runtimespec.Timeout(f.all("/run")[0].Header, 0)
	require.NoError(t, err)
	assert.Less(t, left, 1950*time.Millisecond)
	assert.Positive(t, left)
	r.sentinels(1)
}

func TestRun_ADeadlineInThePastIsNotBelieved(t *testing.T) {
	f := newFake(t, nil)
	r := ready(t, f, clientmode.Config{Limit: time.Minute})
	for _, deadline := range []string{`"123"`, `"-5"`, `"soon"`, `""`, `null`} {
		require.Equal(t, http.StatusOK, r.post("/run", `{"deadline":`+deadline+`}`).Status)
	}
	for _, run := range f.all("/run") {
		left, err := runtimespec.Timeout(run.Header, 0)
		require.NoError(t, err)
		assert.Greater(t, left, 50*time.Second)
		assert.Less(t, left, time.Minute)
	}
}

func TestRun_OnlyTheTraceContextOfTheInvokersHeadersGoesOn(t *testing.T) {
	f := newFake(t, map[string]script{"/run": first(1, refuse(runtimespec.UnknownFunction), echo)})
	r := newRig(t, clientmode.Config{Upstream: f.URL})
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	header := http.Header{
		"Traceparent": {trace}, "Tracestate": {"a=b"}, "Idempotency-Key": {"1"}, "X-Forwarded-For": {"9.9.9.9"}, "Cookie": {"c=d"},
		"Whiskaway-Tenant": {"other"}, "Whiskaway-Server": {"x"}, "Authorization": {"Bearer invoker"}, "Accept-Encoding": {"gzip"},
	}
	require.NoError(t, r.send(t.Context(), "/init", initBody(small), header))
	require.NoError(t, r.send(t.Context(), "/run", runBody("a"), header))
	for _, got := range append(f.all("/init"), f.all("/run")...) {
		assert.Equal(t, []string{trace}, got.Header["Traceparent"], got.path)
		assert.Equal(t, []string{"a=b"}, got.Header["Tracestate"], got.path)
		for name := range header {
			if name != "Traceparent" && name != "Tracestate" {
				assert.NotContains(t, got.Header, name, got.path)
			}
		}
	}
	for _, bad := range [][]string{{trace, trace}, {strings.ToUpper(trace)}, nil} {
		require.NoError(t, r.send(t.Context(), "/run", runBody("b"), http.Header{"Traceparent": bad, "Tracestate": {"a=b"}}))
		runs := f.all("/run")
		assert.NotContains(t, runs[len(runs)-1].Header, "Traceparent")
		assert.NotContains(t, runs[len(runs)-1].Header, "Tracestate")
	}
}
