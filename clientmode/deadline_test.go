package clientmode_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/test/harness"
)

func TestDeadline_TheLimitIsDerivedFromIt(t *testing.T) {
	for _, limit := range []time.Duration{100, 200, 500, 1000, 1500, 3000, 10_000, 60_000, 90_000, 300_000, 3_600_000} {
		limit *= time.Millisecond
		for _, underWay := range []time.Duration{-10, -1, 0, 1, 5, 20, 50, 89} {
			assert.Equal(t, limit, clientmode.LimitOf(limit-underWay*time.Millisecond), "%v, %d ms under way", limit, underWay)
		}
	}
	assert.Equal(t, 100*time.Millisecond, clientmode.LimitOf(1), "no action has less")
}

// A server that uses all of its time and of its grace, which is a tenth of its
// time at most, answers before the client gives up, and the client has time for
// the log and its own answer. A short limit loses little.
func TestDeadline_LeavesRoomForTheServersGrace(t *testing.T) {
	const grace, settle = 200 * time.Millisecond, 30 * time.Millisecond
	for _, limit := range []time.Duration{100, 150, 500, 1000, 2000, 3000, 60_000, 300_000, 3_600_000} {
		limit *= time.Millisecond
		server, client := clientmode.Times(limit, grace, settle)
		killed := server + min(grace, server/10)
		assert.Greater(t, client-killed, min(90*time.Millisecond, limit/50), "%v: for the server's answer to come", limit)
		assert.GreaterOrEqual(t, limit-client, min(80*time.Millisecond, limit/20), "%v: for ours", limit)
		assert.GreaterOrEqual(t, server, limit*84/100, "%v", limit)
		assert.LessOrEqual(t, limit-server, 380*time.Millisecond, "%v", limit)
	}
	server, client := clientmode.Times(time.Minute, 5*time.Second, settle)
	assert.Greater(t, client-server, 5*time.Second, "servers may be set to more")
}

// The client waits for the whole grace, whatever the server says meanwhile.
func TestRun_WaitsForTheServersGrace(t *testing.T) {
	f := newFake(t, map[string]script{"/run": func(_ http.ResponseWriter, r request) { <-r.done }})
	r := ready(t, f, clientmode.Config{Limit: 3 * time.Second})
	start := time.Now()
	r.post("/run", runBody("a"))
	told, err := runtimespec.Timeout(f.all("/run")[0].Header, 0)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(start), told+200*time.Millisecond)
}

// overdue is what a server says whose function handled SIGTERM at its limit.
func overdue(w http.ResponseWriter, _ request) {
	result(w, 502, `{"error":"The action was ended at 10.1.2.3."}`, log(runtimespec.Stdout, "from the handler\n"),
		runtimespec.AppendFrame(nil, runtimespec.Cause, 0, []byte(runtimespec.TimedOut)))
}

func TestRun_OverItsTimeIsToldInThePlatformsWords(t *testing.T) {
	frozen := func(_ http.ResponseWriter, r request) { <-r.done }
	for name, c := range map[string]struct {
		run   script
		limit time.Duration
	}{"ended by its server": {overdue, time.Minute}, "refused": {refuse(runtimespec.TimedOut), 300 * time.Second}, "not heard of": {frozen, 400 * time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]script{"/run": c.run})
			r := ready(t, f, clientmode.Config{Limit: c.limit})
			a := r.post("/run", runBody("a"))
			assert.Equal(t, http.StatusBadGateway, a.Status)
			assert.Equal(t, fmt.Sprintf(`{"error":"The action exceeded its time limits of %d milliseconds."}`, c.limit.Milliseconds()), a.Body)
			assert.NotContains(t, r.stderr.String()+r.stdout.String(), "time limit", "no one else is blamed")
			if name == "ended by its server" {
				assert.Contains(t, r.stdout.String(), "from the handler\n")
			}
			r.sentinels(1)
		})
	}
}

func TestInit_OverItsTimeIsToldInThePlatformsWords(t *testing.T) {
	f := newFake(t, map[string]script{"/init": overdue})
	r := newRig(t, clientmode.Config{Upstream: f.URL})
	a := r.post("/init", initBody(small))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Equal(t, `{"error":"The action exceeded its time limits of 60000 milliseconds during initialization."}`, a.Body)
	assert.Contains(t, r.stdout.String(), "from the handler\n")
	assert.Contains(t, r.stderr.String(), "The action was ended at", "what an init did until then is told in its log")
	r.sentinels(1)
}

// The outcome of an earlier attempt does not matter: the last one reached a
// server, which started something.
func TestInit_OverItsTimeAtALaterAttemptIsToldInThePlatformsWords(t *testing.T) {
	frozen := func(_ http.ResponseWriter, r request) { <-r.done }
	f := newFake(t, map[string]script{"/init": first(1, raw(""), frozen)})
	r := newRig(t, clientmode.Config{Upstream: f.URL, Limit: 2 * time.Second})
	a := r.post("/init", initBody(small))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Equal(t, `{"error":"The action exceeded its time limits of 2000 milliseconds during initialization."}`, a.Body)
	assert.Equal(t, 2, f.count("/init"))
	r.sentinels(1)
}

// The platform sends a point in time, from which the limit in its messages
// follows. If the machine held the request up, the limit cannot be determined:
// try again.
func TestDeadline_NamesTheActionsOwnLimit(t *testing.T) {
	f := newFake(t, map[string]script{"/init": overdue})
	r := newRig(t, clientmode.Config{Upstream: f.URL})
	deadline := func(limit time.Duration) string { return strconv.FormatInt(time.Now().Add(limit).UnixMilli(), 10) }
	timely := func(send func() harness.Answer, says string) {
		for end := time.Now().Add(harness.Patience); ; {
			start := time.Now()
			if a := send(); time.Since(start) < 80*time.Millisecond || time.Now().After(end) {
				assert.Equal(t, says, a.Body)
				return
			}
		}
	}
	timely(func() harness.Answer {
		return r.post("/init", initBody(small, "__OW_DEADLINE", deadline(300*time.Second)))
	},
		`{"error":"The action exceeded its time limits of 300000 milliseconds during initialization."}`)
	f.on("/init", ok)
	require.Equal(t, http.StatusOK, r.post("/init", initBody(small)).Status)
	f.on("/run", overdue)
	for _, limit := range []int{100, 3000, 60000} {
		timely(func() harness.Answer {
			return r.post("/run", `{"deadline":"`+deadline(time.Duration(limit)*time.Millisecond)+`"}`)
		}, fmt.Sprintf(`{"error":"The action exceeded its time limits of %d milliseconds."}`, limit))
	}
}
