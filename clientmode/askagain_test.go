package clientmode_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// cutShort breaks off after a head that names the fake.
var cutShort = raw(head + runtimespec.HeaderServer + ": " + incarnation + "\r\n\r\n")

// joined breaks a run off and answers it as then when it is asked for again.
func joined(then script) script {
	return func(w http.ResponseWriter, r request) {
		if again(r) {
			then(w, r)
		} else {
			cutShort(w, r)
		}
	}
}

func TestRun_IsAskedForAgainOnlyByIdOfANamedServer(t *testing.T) {
	named := func(lines ...string) script {
		return raw(head + strings.Join(append(lines, ""), "\r\n") + "\r\n")
	}
	server := runtimespec.HeaderServer + ": "
	for name, c := range map[string]struct {
		script script
		body   string
	}{
		"no server named": {named(), runBody("a")},
		"no incarnation":  {named(server + "gpu-1"), runBody("a")},
		"a long name":     {named(server + strings.Repeat("a", 30<<10)), runBody("a")},
		"two servers":     {named(server+incarnation, server+strings.Replace(incarnation, "6", "7", 1)), runBody("a")},
		"no frames":       {raw(head + server + incarnation + "\r\n\r\n<html>hello</html>"), runBody("a")},
		"no activation":   {cutShort, `{"value":{}}`},
		"null activation": {cutShort, `{"value":{},"activation_id":null}`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]script{"/run": first(1, c.script, echo)})
			r := ready(t, f, clientmode.Config{Unavailable: true})
			a := r.post("/run", c.body)
			assert.Equal(t, http.StatusBadGateway, a.Status)
			assert.Contains(t, a.Body, "it may have run and is not sent again")
			assert.Equal(t, 1, f.count("/run"))
			r.sentinels(1)
		})
	}
}

// No answer to a run that is asked for again starts it again: no init, no run
// without the server's name, and no 503, after which the platform would start
// it.
func TestRun_AskedForAgainNeverStartsAgain(t *testing.T) {
	const unknown = "it may have run and is not started again"
	says := map[runtimespec.Reason]string{ // the others are passed on
		runtimespec.WrongServer:       "the server was restarted while the run was in flight; " + unknown,
		runtimespec.UnknownActivation: "the server does not know the run any more; " + unknown,
		runtimespec.UnknownFunction:   "the server does not know the function any more; " + unknown,
		runtimespec.CodeNeeded:        "the server does not know the function any more; " + unknown,
		runtimespec.ResultGone:        "the server no longer keeps its result; it has run and is not started again",
		runtimespec.TimedOut:          "The action exceeded its time limits of 300 milliseconds.",
		runtimespec.Draining:          unknown + ": it answered draining",
		runtimespec.Saturated:         unknown + ": it answered saturated",
		runtimespec.TableFull:         unknown + ": it answered table-full",
	}
	for _, reason := range runtimespec.Reasons() {
		t.Run(string(reason), func(t *testing.T) {
			f := newFake(t, map[string]script{"/run": joined(refuse(reason))})
			r := ready(t, f, clientmode.Config{Limit: 300 * time.Millisecond, Unavailable: true})
			a := r.post("/run", runBody("a"))
			assert.GreaterOrEqual(t, a.Status, 400)
			assert.NotEqual(t, http.StatusServiceUnavailable, a.Status)
			want := says[reason]
			if want == "" {
				want = string(reason) + " it is"
			}
			assert.Contains(t, a.Body, want)
			runs := f.all("/run")
			require.GreaterOrEqual(t, len(runs), 2)
			assert.True(t, !slices.ContainsFunc(runs[1:], func(r request) bool { return !again(r) }))
			assert.Equal(t, 1, f.count("/init"))
			r.sentinels(1)
		})
	}
}

func TestRun_AskedForAgainGetsTheFailureThatWasRecorded(t *testing.T) {
	f := newFake(t, map[string]script{"/run": joined(func(w http.ResponseWriter, _ request) {
		result(w, 400, `{"error":"command exited"}`, runtimespec.AppendFrame(nil, runtimespec.Cause, 0, []byte(runtimespec.Crashed)))
	})})
	r := ready(t, f, clientmode.Config{})
	a := r.post("/run", runBody("a"))
	assert.Equal(t, http.StatusBadRequest, a.Status)
	assert.Equal(t, `{"error":"command exited"}`, a.Body)
	assert.Equal(t, 2, f.count("/run"))
}

// A server that cannot answer now is asked until it does; each time by its name.
func TestRun_IsAskedForAgainUntilItIsAnswered(t *testing.T) {
	for name, trouble := range map[string]script{
		"draining":               refuse(runtimespec.Draining),
		"saturated":              refuse(runtimespec.Saturated),
		"table full":             refuse(runtimespec.TableFull),
		"closed before the head": raw(""),
		"reset":                  reset,
		"cut again":              cutShort,
		"another's head":         raw(head + runtimespec.HeaderServer + ": " + strings.Replace(incarnation, "6", "7", 1) + "\r\n\r\n"),
		"a refusal cut off":      raw("HTTP/1.1 503 No\r\nWhiskaway-Reason: draining\r\nContent-Length: 90\r\n\r\n{"),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]script{"/run": first(1, cutShort, first(4, trouble, echo))})
			r := ready(t, f, clientmode.Config{Unavailable: true})
			a := r.post("/run", runBody("a"))
			assert.Equal(t, http.StatusOK, a.Status, a.Body)
			assert.Equal(t, runBody("a"), a.Body)
			runs := f.all("/run")
			require.Len(t, runs, 5)
			for _, r := range runs[1:] {
				assert.Equal(t, incarnation, r.Get(runtimespec.HeaderServer))
			}
			assert.Equal(t, 1, f.count("/init"))
			r.sentinels(1)
		})
	}
}

func TestRun_IsAskedForAgainUntilTheDeadlineIsNear(t *testing.T) {
	for name, c := range map[string]struct {
		then script
		says string
	}{
		"it breaks for ever": {raw(""), "it may have run and is not started again"},
		"it is frozen":       {func(_ http.ResponseWriter, r request) { <-r.done }, "The action exceeded its time limits of 400 milliseconds."},
		"it makes no sense":  {raw(head + "\r\n<html>hello</html>"), "it may have run and is not started again: malformed frame"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]script{"/run": joined(c.then)})
			r := ready(t, f, clientmode.Config{Limit: 400 * time.Millisecond, Unavailable: true})
			a := r.post("/run", runBody("a"))
			assert.Equal(t, http.StatusBadGateway, a.Status)
			assert.Contains(t, a.Body, c.says)
			assert.NotContains(t, a.Body, f.URL)
			assert.Less(t, f.count("/run"), 12, "pauses grow")
			assert.False(t, slices.ContainsFunc(f.all("/run")[1:], func(r request) bool { return !again(r) }))
			r.sentinels(1)
		})
	}
}

// A run without a caller is cancelled, also while it is asked for again.
func TestRun_AskedForAgainIsCancelledWhenTheInvokerHangsUp(t *testing.T) {
	reached := make(chan struct{}, 1000)
	note := func(w http.ResponseWriter, r request) {
		reached <- struct{}{}
		refuse(runtimespec.Draining)(w, r)
	}
	for name, then := range map[string]script{"joined": held(reached, nil, echo), "between two tries": note} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]script{"/run": joined(then)})
			r := ready(t, f, clientmode.Config{})
			ctx, hangUp := context.WithCancel(t.Context())
			left := make(chan error, 1)
			go func() { left <- r.send(ctx, "/run", runBody("a"), nil) }()
			wait(t, reached)
			hangUp()
			require.Error(t, wait(t, left))
			eventually(t, func() bool { return r.Running() == 0 })
			stops := f.all("/stop")
			require.Len(t, stops, 1)
			assert.Equal(t, "a", stops[0].Get(runtimespec.HeaderActivation))
			r.sentinels(1)
		})
	}
}

// The head of a refusal says that nothing was started, so its message may break
// off.
func TestRun_ARefusalThatBreaksOffIsOne(t *testing.T) {
	short := raw("HTTP/1.1 404 No\r\nWhiskaway-Reason: unknown-function\r\n" + runtimespec.HeaderServer + ": " + incarnation + "\r\nContent-Length: 90\r\n\r\n{")
	f := newFake(t, map[string]script{"/run": first(1, short, echo)})
	r := ready(t, f, clientmode.Config{})
	assert.Equal(t, http.StatusOK, r.post("/run", runBody("a")).Status)
	assert.Equal(t, 2, f.count("/init"))
	runs := f.all("/run")
	require.Len(t, runs, 2)
	assert.False(t, again(runs[1]), "it is a new run")
}

// A server of ours names itself in that dialect too, but knows no activations there.
func TestOpenServerless_ACutAnswerIsNotAskedForAgain(t *testing.T) {
	s, r := foreign(t, clientmode.Config{})
	s.Answer("error", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(runtimespec.HeaderServer, incarnation)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"response":{`)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	a := r.post("/run", `{"value":{"do":"error"},"activation_id":"a"}`)
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "not sent again")
	assert.Len(t, s.Got("/run"), 1)
}

// A connection that is refused has written nothing, but an earlier attempt may
// have started the run: the platform must not run it elsewhere.
func TestRun_AskedForAgainWhileItsServerIsAway(t *testing.T) {
	var f *fake
	f = newFake(t, map[string]script{"/run": func(w http.ResponseWriter, r request) {
		_ = f.Listener.Close()
		cutShort(w, r)
	}})
	r := ready(t, f, clientmode.Config{Limit: 300 * time.Millisecond, Unavailable: true})
	a := r.post("/run", runBody("a"))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "it may have run and is not started again: the connection was refused")
	assert.Equal(t, 1, f.count("/run"))
	r.sentinels(1)
}
