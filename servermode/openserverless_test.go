package servermode_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

// peer returns a client proxy of OpenServerless in front of the server.
func (r *rig) peer() *harness.OpenServerlessClient {
	return harness.NewOpenServerlessClient(r.t, "http://"+r.Addr())
}

func foreignInit(code, main string, env harness.M) []byte {
	raw, _ := json.Marshal(harness.M{"value": harness.M{"name": "x", "main": main + "@http://there", "code": code, "env": env}})
	return raw
}

func foreignDo(what string) []byte { return []byte(`{"value":{"do":"` + what + `"}}`) }

const ending = runtimespec.Sentinel + "\n"

func TestOpenServerless_ServesThatClient(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	c := r.peer()
	a := c.Init(foreignInit(harness.OpenServerlessAction, "main", harness.M{"SECRET": "one", "NUMBER": 7}))
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	assert.Equal(t, "{\"ok\":true}\n", a.Body)
	a = c.Run([]byte(`{"value":{"n":1},"activation_id":"a"}`))
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	assert.Contains(t, a.Body, `"secret": "one"`)
	assert.Contains(t, a.Body, `"big": 9007199254740993`, "byte for byte")
	assert.Equal(t, `{"error":"sorry"}`, c.Run(foreignDo("error")).Body)
	assert.Equal(t, `[1,9007199254740993]`, c.Run(foreignDo("list")).Body)
	assert.Equal(t, http.StatusOK, c.Run([]byte(`{}`)).Status)
	stdout, stderr := c.Streams()
	assert.Equal(t, "loaded\nto stdout: None\n"+ending+"to stdout: error\n"+ending+"to stdout: list\n"+ending+"to stdout: None\n"+ending, stdout)
	assert.Equal(t, strings.Repeat("to stderr: é\n"+ending, 4), stderr)
}

func TestOpenServerless_FailingRuns(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	c := r.peer()
	require.Equal(t, http.StatusOK, c.Init(foreignInit(harness.OpenServerlessAction, "main", nil)).Status)
	a := c.Run(foreignDo("scalar"))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "did not return a dictionary or array")
	a = c.Run(foreignDo("exit"))
	assert.Equal(t, http.StatusBadRequest, a.Status)
	assert.JSONEq(t, `{"error":"command exited: exit status 3"}`, a.Body)
	assert.Equal(t, http.StatusOK, c.Run(foreignDo("list")).Status, "another process has taken its place")
	stdout, _ := c.Streams()
	assert.NotContains(t, stdout, "exit", "a failed run's log goes to no other run")
}

// A hash of code names one function of a tenant. Others are refused, not mixed up.
func TestOpenServerless_SameCodeWithAnotherEnvOrMainIsRefused(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	first, same, other := r.peer(), r.peer(), r.peer()
	init := foreignInit(harness.OpenServerlessAction, "main", harness.M{"SECRET": "one", "__OW_ACTIVATION_ID": "a"})
	require.Equal(t, http.StatusOK, first.Init(init).Status)
	require.Equal(t, http.StatusOK, same.Init(foreignInit(harness.OpenServerlessAction, "main", harness.M{"SECRET": "one", "__OW_ACTIVATION_ID": "b"})).Status)
	for _, init := range [][]byte{
		foreignInit(harness.OpenServerlessAction, "main", harness.M{"SECRET": "two"}),
		foreignInit(harness.OpenServerlessAction, "niam", harness.M{"SECRET": "one"}),
	} {
		a := other.Init(init)
		assert.Equal(t, http.StatusForbidden, a.Status)
		assert.Contains(t, a.Body, "by their code's hash alone")
		assert.NotContains(t, a.Body, "two")
	}
	pid := field(t, first.Run(foreignDo("")), "pid")
	assert.Equal(t, pid, field(t, same.Run(foreignDo("")), "pid"))
	assert.Equal(t, http.StatusOK, first.Stop().Status)
	assert.Equal(t, http.StatusNotFound, first.Stop().Status)
	assert.Equal(t, pid, field(t, same.Run(foreignDo("")), "pid"), "another lease still needs it")
	assert.Equal(t, http.StatusOK, same.Stop().Status)
	assert.Equal(t, http.StatusNotFound, same.Run(foreignDo("")).Status)
	assert.Equal(t, http.StatusOK, other.Init(foreignInit(harness.OpenServerlessAction, "main", harness.M{"SECRET": "two"})).Status, "the name is free again")
	assert.Equal(t, "two", field(t, other.Run(foreignDo("")), "secret"))
}

func field(t *testing.T, a harness.Answer, name string) any {
	t.Helper()
	return harness.Field(t, a, name)
}

func TestOpenServerless_RefusesWhatItCannotTrust(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	hash, wrong := harness.CodeHash("code"), harness.CodeHash("other")
	init := func(id, code, hash string) string {
		raw, _ := json.Marshal(harness.M{"proxiedActionID": id, "value": harness.M{"code": code, "env": harness.M{"__OW_CODE_HASH": hash}}})
		return string(raw)
	}
	for name, c := range map[string]struct {
		path, body string
		status     int
		says       string
	}{
		"no hash":         {"/init", init("id", "code", ""), 400, "__OW_CODE_HASH"},
		"odd hash":        {"/init", init("id", "code", "../"+hash[3:]), 400, "32 hex digits"},
		"another's hash":  {"/init", init("id", "code", wrong), 400, "is not the MD5"},
		"no id":           {"/init", init("", "code", hash), 400, "proxiedActionID"},
		"long id":         {"/init", init(strings.Repeat("x", 300), "code", hash), 400, "proxiedActionID"},
		"no code":         {"/init", init("id", "", hash), 403, "no code to execute"},
		"no JSON":         {"/init", `{"proxiedActionID":"id","value":{`, 400, "malformed"},
		"run unknown":     {"/run", `{"actionCodeHash":"` + hash + `","value":{}}`, 404, "Send its init"},
		"run odd hash":    {"/run", `{"actionCodeHash":7,"value":{}}`, 400, "actionCodeHash"},
		"run no JSON":     {"/run", `{"actionCodeHash":"` + hash + `","value":{"`, 400, "no JSON object"},
		"stop unknown":    {"/stop", `{"actionCodeHash":"` + hash + `","proxiedActionID":"x"}`, 404, "not found"},
		"stop without id": {"/stop", `{"actionCodeHash":"` + hash + `"}`, 400, "proxiedActionID"},
	} {
		a, err := harness.TryPost("http://"+r.Addr()+c.path, []byte(c.body))
		require.NoError(t, err)
		assert.Equal(t, c.status, a.Status, name)
		assert.Contains(t, a.Body, c.says, name)
	}
	assert.Equal(t, http.StatusOK, r.peer().Init(foreignInit(harness.OpenServerlessAction, "main", nil)).Status, "it serves on")
}

func TestOpenServerless_FailedInitTellsWhy(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	c := r.peer()
	a := c.Init(foreignInit("import no_such_module\ndef main(args): return {}\n", "main", nil))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "no_such_module")
	a = c.Init(foreignInit("#!/bin/sh\necho it is broken >&2\nexit 1\n", "main", nil))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "it is broken", "there is no other place for the log")
	assert.Equal(t, http.StatusNotFound, c.Run([]byte(`{}`)).Status)
	assert.Equal(t, http.StatusOK, c.Init(foreignInit(harness.OpenServerlessAction, "main", nil)).Status)
}

// OpenServerless' server passes its own container's variables on, and nothing else.
func TestOpenServerless_TheServersVariables(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{Environ: []string{"__OW_API_HOST=http://api", "TOKEN=secret"}})
	c := r.peer()
	code := "import os\ndef main(args): return dict(os.environ)\n"
	require.Equal(t, http.StatusOK, c.Init(foreignInit(code, "main", harness.M{"OWN": "yes"})).Status)
	a := c.Run([]byte(`{}`))
	assert.Equal(t, "http://api", field(t, a, "__OW_API_HOST"))
	assert.Equal(t, harness.CodeHash(code), field(t, a, "__OW_CODE_HASH"))
	assert.Equal(t, "yes", field(t, a, "OWN"))
	assert.NotContains(t, a.Body, "TOKEN")
}

func TestOpenServerless_LogsAreBounded(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{MaxLog: 1000})
	c := r.peer()
	code := "def main(args):\n    print('#' * 5000, end='')\n    return {}\n"
	require.Equal(t, http.StatusOK, c.Init(foreignInit(code, "main", nil)).Status)
	require.Equal(t, http.StatusOK, c.Run([]byte(`{}`)).Status)
	stdout, _ := c.Streams()
	assert.Equal(t, 1000, strings.Count(stdout, "#"))
	assert.True(t, strings.HasSuffix(stdout, "exceeds the limit of 1000 bytes.\n"+ending), stdout)
}
