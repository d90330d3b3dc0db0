package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestOwnFirst_RentsWhenItsOwnAreFull(t *testing.T) {
	now, rng := time.Unix(0, 0), rand.New(rand.NewPCG(1, 2))
	fleet, fn := policy.NewFleet(policy.Options{}), policy.NewFunction("f")
	for _, name := range []string{"rented", "own-1", "own-2"} {
		fleet.Report(fleet.Add(name, now), policy.Load{Slots: 2}, now)
	}
	var got []string
	for range 8 {
		c := fleet.Pick(newOwnFirst([]string{"rented"}), policy.Request{Function: fn}, now, rng)
		if fn.On(c.Server) == policy.Absent {
			fleet.InitStarted(fn, c.Server, now)
			fleet.Ready(fn, c.Server, now)
		}
		fleet.Sent(fn, c.Server, now)
		got = append(got, c.Server.Name())
	}
	assert.Equal(t, []string{"own-1", "own-1", "own-2", "own-2", "rented", "rented"}, got[:6])
	assert.ElementsMatch(t, []string{"rented", "own-1"}, got[6:], "full all of them, and they share")
}

// host returns a server with one slot; runs there end when the test says so.
func host(t *testing.T, name string, end <-chan struct{}) string {
	id := uuid.NewString()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set(runtimespec.HeaderServer, id)
		w.Header().Set(runtimespec.HeaderLoad, "TEXT named_metrics.in_flight=0, named_metrics.slots=1, named_metrics.queued=0")
		if r.URL.Path == runtimespec.PathRun {
			select {
			case <-end:
			case <-r.Context().Done():
			}
		}
		text := map[string]string{runtimespec.PathReady: `{"ready":true}`, runtimespec.PathFunctions: `{"functions":[]}`, runtimespec.PathInit: `{"ok":true}`}[r.URL.Path]
		if text == "" {
			text = fmt.Sprintf(`{"on":%q}`, name)
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestCustomPolicy_DecidesInABalancer(t *testing.T) {
	end, over := make(chan struct{}), make(chan struct{})
	close(over)
	cfg := config([]string{host(t, "own", end)}, []string{host(t, "rented", over)})
	cfg.Listen, cfg.StateDir, cfg.CheckEvery = "127.0.0.1:0", t.TempDir(), 10*time.Millisecond
	b := loadbalancer.New(cfg)
	require.NoError(t, b.Start())
	t.Cleanup(func() { assert.NoError(t, b.Stop(context.Background())) })
	get := func(path string) string {
		resp, err := http.Get("http://" + b.Addr() + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return string(text)
	}
	require.Eventually(t, func() bool { return strings.Count(get("/servers"), `"slots":1`) == 2 }, 10*time.Second, time.Millisecond)
	assert.Contains(t, get("/servers"), `"policy":"own-first"`)

	function := runtimespec.Function{Kind: "native", Main: "main", Code: (&runtimespec.InitBody{Code: []byte("x")}).Digest()}
	lease := uuid.NewString()
	post := func(path, body string) (string, error) {
		req, err := http.NewRequest(http.MethodPost, "http://"+b.Addr()+path, strings.NewReader(body))
		if err != nil {
			return "", err
		}
		req.Header.Set(runtimespec.HeaderFunction, function.Identity().String())
		req.Header.Set(runtimespec.HeaderLease, lease)
		req.Header.Set(runtimespec.HeaderKind, function.Kind)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		return string(text), err
	}
	text, err := post("/init", `{"value":{"main":"main","code":"x"}}`)
	require.NoError(t, err)
	require.Equal(t, `{"ok":true}`, text)
	first := make(chan string, 1)
	go func() {
		text, err := post("/run", `{"value":{}}`)
		assert.NoError(t, err)
		first <- text
	}()
	require.Eventually(t, func() bool { return strings.Contains(get("/servers"), `"sent":1`) }, 10*time.Second, time.Millisecond)
	text, err = post("/run", `{"value":{}}`)
	require.NoError(t, err)
	assert.Equal(t, `{"on":"rented"}`, text, "its own is busy")
	close(end)
	assert.Equal(t, `{"on":"own"}`, <-first)
}
