package clientmode_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/test/harness"
)

var foreignHash = harness.CodeHash(harness.OpenServerlessAction)

// foreign returns a rig in front of a stand-in for a server of OpenServerless, with
// its function initialised.
func foreign(t *testing.T, cfg clientmode.Config) (*harness.OpenServerlessServer, *rig) {
	t.Helper()
	s := harness.NewOpenServerlessServer(t)
	cfg.Upstream, cfg.Dialect = s.URL, clientmode.DialectOpenServerless
	r := newRig(t, cfg)
	require.Equal(t, http.StatusOK, r.post("/init", initBody(harness.OpenServerlessAction, "SECRET", "one")).Status)
	return s, r
}

func do(what string) string { return `{"value":{"do":"` + what + `"}}` }

func TestOpenServerless_InitSaysWhatThatClientSays(t *testing.T) {
	s, _ := foreign(t, clientmode.Config{Environ: []string{"__OW_API_HOST=http://api", "HOME=/"}})
	got := s.Got("/init")
	require.Len(t, got, 1)
	var init struct {
		ProxiedActionID string
		Value           struct {
			Name, Main, Code string
			Env              map[string]string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(got[0].Body), &init))
	assert.Len(t, init.ProxiedActionID, 36)
	assert.Equal(t, "main", init.Value.Main)
	assert.Equal(t, harness.OpenServerlessAction, init.Value.Code)
	assert.Equal(t, map[string]string{"__OW_NAMESPACE": "guest", "SECRET": "one", "__OW_API_HOST": "http://api", "__OW_CODE_HASH": foreignHash}, init.Value.Env)
	for name := range got[0].Header {
		assert.False(t, strings.HasPrefix(name, "Whiskaway-") && name != "Whiskaway-Timeout", "%s would be taken for our own dialect", name)
	}
}

func TestOpenServerless_RunsAndLogs(t *testing.T) {
	s, r := foreign(t, clientmode.Config{})
	first := r.post("/run", `{"value":{"big":9007199254740993},"activation_id":"a"}`)
	require.Equal(t, http.StatusOK, first.Status, first.Body)
	assert.Contains(t, first.Body, `"big":9007199254740993`)
	assert.Equal(t, `{"value":{"big":9007199254740993},"activation_id":"a","actionCodeHash":"`+foreignHash+`"}`, s.Got("/run")[0].Body)
	assert.JSONEq(t, `{"error":"sorry"}`, r.post("/run", do("error")).Body)
	assert.Equal(t, `[1,9007199254740993]`, r.post("/run", do("list")).Body)
	end := "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n"
	assert.Equal(t, "loaded\nto stdout: None\n"+end+"to stdout: error\n"+end+"to stdout: list\n"+end, r.stdout.String(), "without NULs, each sentinel once")
	assert.Equal(t, strings.Repeat("to stderr: é\n"+end, 3), r.stderr.String())
	assert.Empty(t, s.Got("/stop"), "a server that was heard of is not asked first")
}

// That server puts the log of a failed run before the next one's.
func TestOpenServerless_LogsOfAFailedRunAreNotTheNextOnes(t *testing.T) {
	_, r := foreign(t, clientmode.Config{})
	a := r.post("/run", do("scalar"))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "did not return a dictionary or array")
	assert.Equal(t, http.StatusOK, r.post("/run", do("after-scalar")).Status)
	assert.NotContains(t, r.stdout.String(), "scalar")
	assert.Contains(t, r.stdout.String(), "to stdout: None\n")
	r.sentinels(2)
}

func TestOpenServerless_BodiesWithoutArguments(t *testing.T) {
	s, r := foreign(t, clientmode.Config{})
	for _, body := range []string{`{}`, ` { } `, `null`, `{"value":{}}` + "\n"} {
		assert.Equal(t, http.StatusOK, r.post("/run", body).Status, body)
	}
	for _, got := range s.Got("/run") {
		assert.True(t, json.Valid([]byte(got.Body)), got.Body)
		assert.Contains(t, got.Body, foreignHash)
	}
	assert.Equal(t, http.StatusBadRequest, r.post("/run", `[]`).Status)
	assert.Equal(t, http.StatusBadRequest, r.post("/run", ``).Status)
}

func TestOpenServerless_Refusals(t *testing.T) {
	for name, c := range map[string]struct {
		run    string
		status int
		says   string
	}{
		"array":   {`{"value":[1]}`, http.StatusBadRequest, "no array"},
		"crashed": {do("exit"), http.StatusBadRequest, "command exited"},
		"dead":    {do("dead"), http.StatusBadGateway, "restart that server or change the code"},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := foreign(t, clientmode.Config{})
			a := r.post("/run", c.run)
			assert.Equal(t, c.status, a.Status)
			assert.Contains(t, a.Body, c.says)
			assert.Len(t, s.Got("/run"), 1, "it is not sent again")
			r.sentinels(1)
		})
	}
}

func TestOpenServerless_FailedInit(t *testing.T) {
	s := harness.NewOpenServerlessServer(t)
	r := newRig(t, clientmode.Config{Upstream: s.URL, Dialect: clientmode.DialectOpenServerless})
	a := r.post("/init", initBody("#!/bin/false"))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "cannot start action: command exited")
	r.sentinels(1)
	assert.Equal(t, http.StatusOK, r.post("/init", initBody(harness.OpenServerlessAction)).Status)
}

func TestOpenServerless_MainNamesTheServer(t *testing.T) {
	s := harness.NewOpenServerlessServer(t)
	for main, want := range map[string]string{"niam@" + s.URL: "niam", "@" + s.URL: "main"} {
		r := newRig(t, clientmode.Config{UpstreamAllow: []string{"127.0.0.1"}, Dialect: clientmode.DialectOpenServerless})
		require.Equal(t, http.StatusOK, r.post("/init", initOf(main, harness.OpenServerlessAction)).Status)
		got := s.Got("/init")
		assert.Contains(t, got[len(got)-1].Body, `"main":"`+want+`"`)
	}
	r := newRig(t, clientmode.Config{Upstream: s.URL, Dialect: clientmode.DialectOpenServerless})
	assert.Equal(t, http.StatusForbidden, r.post("/init", initOf("x@"+s.URL, small)).Status, "it is not allowed")
}

func TestOpenServerless_UnknownDialect(t *testing.T) {
	c := clientmode.New(clientmode.Config{Listen: "127.0.0.1:0", Dialect: "klingon"})
	err := c.Start()
	require.ErrorContains(t, err, "--dialect")
}
