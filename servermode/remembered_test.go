package servermode_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
)

// again returns a run's header when its caller lost the first answer.
func again(f target, activation, server string) http.Header {
	h := runHeader(f, activation)
	h.Set(runtimespec.HeaderServer, server)
	return h
}

// ledger returns how often the echo function was asked to count.
func (r *rig) ledger() int {
	files, err := filepath.Glob(filepath.Join(r.state, "functions", "*", "p", "*", "tmp", "ledger"))
	require.NoError(r.t, err)
	total := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(r.t, err)
		total += strings.Count(string(text), "\n")
	}
	return total
}

// A repeated activation gets the outcome of its first run. Sent 1,000 times, before
// and after its end, it is executed once.
func TestServer_AnActivationIsExecutedOnce(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 50 {
				if !assert.Equal(t, `{"n":1}`, r.run(f, "once", `"count"`).body) {
					return
				}
			}
		})
	}
	all.Wait()
	assert.Equal(t, 1, r.ledger())
	assert.Equal(t, `{"n":2}`, r.run(f, "another", `"count"`).body)
	assert.Equal(t, `{"n":3}`, r.run(f, "", `"count"`).body, "without an id nothing is the same")
	assert.Equal(t, `{"n":4}`, r.run(f, "", `"count"`).body)
}

func TestServer_FailedRunIsNotTriedAgain(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	first := r.run(f, "x", `"die"`)
	require.Equal(t, runtimespec.Crashed, first.reason)
	second := r.run(f, "x", `"count"`)
	assert.Equal(t, runtimespec.Crashed, second.reason)
	assert.Equal(t, first.body, second.body)
	assert.Zero(t, r.ledger())
}

// A run that was not started leaves no record: the same activation may be sent
// again.
func TestServer_WhatWasNotStartedMayComeAgain(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	require.Equal(t, runtimespec.UnknownFunction, r.run(f, "x", `"count"`).reason)
	r.mustInit(f)
	assert.Equal(t, `{"n":1}`, r.run(f, "x", `"count"`).body)
}

func TestServer_ARunSentAgainIsJoinedOrRefused(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	me := r.run(f, "known", `"count"`).header.Get(runtimespec.HeaderServer)
	send := func(h http.Header) got { return r.send(runtimespec.PathRun, h, []byte(`{"value":"count"}`)) }
	assert.Equal(t, `{"n":1}`, send(again(f, "known", me)).body)
	assert.Equal(t, runtimespec.UnknownActivation, send(again(f, "unknown", me)).reason)
	assert.Equal(t, runtimespec.UnknownActivation, send(again(f, "", me)).reason)
	assert.Equal(t, runtimespec.WrongServer, send(again(f, "known", "b3f0c1de-0000-4000-8000-000000000000")).reason)
	assert.Equal(t, 1, r.ledger())
	r.stop(f)
	assert.Equal(t, `{"n":1}`, send(again(f, "known", me)).body, "remembered also without the function")
}

func TestServer_ResultsAreKeptWithinABudget(t *testing.T) {
	r := newRig(t, servermode.Config{ResultCache: 3200})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	large := `"` + strings.Repeat("x", 3200) + `"`
	me := r.run(f, "large", large).header.Get(runtimespec.HeaderServer)
	assert.Equal(t, runtimespec.ResultGone, r.send(runtimespec.PathRun, again(f, "large", me), []byte(`{}`)).reason)
	assert.Equal(t, runtimespec.ResultGone, r.run(f, "large", `"count"`).reason, "nor is it executed")
	most := `"` + strings.Repeat("x", 3000) + `"` // one result may take nearly the whole budget
	r.run(f, "most", most)
	assert.Equal(t, `{"value":`+most+`}`, r.run(f, "most", `"count"`).body)
	for n := range 200 {
		r.run(f, strconv.Itoa(n), strconv.Itoa(n))
	}
	gone := 0
	for n := range 200 {
		if a := r.run(f, strconv.Itoa(n), `"count"`); a.reason == runtimespec.ResultGone {
			gone++
		} else {
			assert.Equal(t, `{"value":`+strconv.Itoa(n)+`}`, a.body)
		}
	}
	assert.NotZero(t, gone)
	assert.Less(t, gone, 200)
	assert.Zero(t, r.ledger())
}

// A full table refuses new work and forgets nothing.
func TestServer_FullTableRefusesNewWork(t *testing.T) {
	r := newRig(t, servermode.Config{Activations: 3})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	header := func(id string) http.Header {
		h := runHeader(f, id)
		h.Set(runtimespec.HeaderTimeout, "1000")
		return h
	}
	for _, id := range []string{"1", "2", "3"} {
		require.Equal(t, http.StatusOK, r.send(runtimespec.PathRun, header(id), []byte(`{"value":1}`)).status)
	}
	a := r.send(runtimespec.PathRun, header("4"), []byte(`{"value":1}`))
	assert.Equal(t, runtimespec.TableFull, a.reason, a.body)
	assert.NotEmpty(t, a.header.Get("Retry-After"))
	assert.Equal(t, `{"value":1}`, r.run(f, "2", `"count"`).body)
	assert.Equal(t, http.StatusOK, r.run(f, "", `1`).status, "what has no id needs no place")
	r.eventually(func() bool { // until after the deadlines
		return r.send(runtimespec.PathRun, header("4"), []byte(`{"value":4}`)).body == `{"value":4}`
	})
}

// Tenants never see each other's activations, whatever ids they choose.
func TestServer_RememberedResultsAreATenantsOwn(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(tokens, []byte("token-of-a-0123456789 tenant-a\ntoken-of-b-0123456789 tenant-b\n"), 0o600))
	r := newRig(t, servermode.Config{TokenFile: tokens})
	f := newTarget("native", echo, nil)
	for _, token := range []string{"token-of-a-0123456789", "token-of-b-0123456789"} {
		r.token = token
		r.mustInit(f)
	}
	r.token = "token-of-a-0123456789"
	assert.Equal(t, `{"value":"secret of a"}`, r.run(f, "x", `"secret of a"`).body)
	r.token = "token-of-b-0123456789"
	assert.Equal(t, `{"value":"of b"}`, r.run(f, "x", `"of b"`).body)
}
