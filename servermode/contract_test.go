package servermode_test

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestLoad_SaysSlotsOfTheOwner(t *testing.T) {
	for configured, want := range map[int]int{0: runtime.GOMAXPROCS(0), 13: 13} {
		r := newRig(t, servermode.Config{Slots: configured})
		load, err := runtimespec.ParseLoad(r.run(newTarget("native", echo, nil), "a", `{}`).header.Get(runtimespec.HeaderLoad))
		require.NoError(t, err)
		assert.Equal(t, want, load.Slots)
	}
}

func TestServer_RunsAFunctionAfterItsInit(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	assert.Equal(t, runtimespec.UnknownFunction, r.run(f, "a", `{}`).reason)
	r.mustInit(f)
	r.mustInit(f) // idempotent
	a := r.run(f, "a", `{"big_integer":9007199254740993,"float":1.0}`)
	assert.Equal(t, `{"value":{"big_integer":9007199254740993,"float":1.0}}`, a.body)
	assert.NotEmpty(t, a.header.Get(runtimespec.HeaderServer))
	load, err := runtimespec.ParseLoad(a.header.Get(runtimespec.HeaderLoad))
	require.NoError(t, err)
	assert.Positive(t, load.Slots)
	a = r.run(f, "b", `"log"`)
	assert.Equal(t, [3]string{"out\n", "err\n", "{}"}, [3]string{a.stdout, a.stderr, a.body})
}

func TestServer_ClassicAnswerWithoutFrames(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	a := r.send(runtimespec.PathRun, f.header(), []byte(`{"value":1}`))
	assert.Equal(t, `{"value":1}`, a.body)
	assert.Equal(t, "application/json", a.header.Get("Content-Type"))
	a = r.send(runtimespec.PathRun, f.header(), []byte(`{"value":"die"}`))
	assert.Equal(t, http.StatusBadRequest, a.status)
	assert.Equal(t, `{"error":"command exited: exit status 3"}`, a.body)
	assert.Equal(t, runtimespec.Crashed, a.reason)
}

func TestServer_KnownCodeIsNotSentAgain(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	short := f.header()
	short.Set(runtimespec.HeaderCode, f.spec.Code.String())
	assert.Equal(t, runtimespec.CodeNeeded, r.send(runtimespec.PathInit, short, f.body(false)).reason)
	r.mustInit(f)
	second := f.another()
	short.Set(runtimespec.HeaderLease, second.lease)
	assert.Equal(t, http.StatusOK, r.send(runtimespec.PathInit, short, f.body(false)).status)

	require.NoError(t, r.Stop(t.Context()))
	again := newRig(t, servermode.Config{StateDir: r.state})
	assert.Equal(t, http.StatusOK, again.send(runtimespec.PathInit, short, f.body(false)).status, "code survives a restart")
}

func TestServer_CodeThatWasAlteredOnDiskIsNotUsed(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	r.stop(f)
	files, _ := filepath.Glob(filepath.Join(r.state, "code", "*", f.spec.Code.String()))
	require.Len(t, files, 1)
	require.NoError(t, os.WriteFile(files[0], []byte(strings.Replace(echo, "pid", "PID", 1)), 0o600))
	short := f.header()
	short.Set(runtimespec.HeaderCode, f.spec.Code.String())
	assert.Equal(t, runtimespec.CodeNeeded, r.send(runtimespec.PathInit, short, f.body(false)).reason)
	r.mustInit(f)
}

func TestServer_TokensAndTenants(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(tokens, []byte("aaaaaaaaaaaaaaaa alice\nbbbbbbbbbbbbbbbb bob\ndddddddddddddddd balancer delegate\n"), 0o600))
	r := newRig(t, servermode.Config{TokenFile: tokens})
	f := newTarget("native", echo, nil)
	for _, path := range []string{runtimespec.PathInit, runtimespec.PathRun, runtimespec.PathStop} {
		for _, token := range []string{"", "wrong", "aaaaaaaaaaaaaaa"} {
			r.token = token
			a := r.send(path, f.header(), f.body(true))
			assert.Equal(t, http.StatusUnauthorized, a.status, "%s with %q", path, token)
		}
	}
	r.token = ""
	resp, err := r.request(t.Context(), http.MethodGet, runtimespec.PathFunctions, nil, nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusUnauthorized, r.read(resp).status)

	r.token = "aaaaaaaaaaaaaaaa"
	r.mustInit(f)
	assert.Len(t, r.functions(), 1)
	r.token = "bbbbbbbbbbbbbbbb"
	assert.Empty(t, r.functions())
	assert.Equal(t, runtimespec.UnknownFunction, r.run(f, "a", `{}`).reason, "another tenant's function")
	short := f.header()
	short.Set(runtimespec.HeaderCode, f.spec.Code.String())
	assert.Equal(t, runtimespec.CodeNeeded, r.send(runtimespec.PathInit, short, f.body(false)).reason, "knowing a digest is not having the code")
	as := f.header()
	as.Set(runtimespec.HeaderTenant, "alice")
	assert.Equal(t, runtimespec.Forbidden, r.send(runtimespec.PathRun, as, []byte(`{}`)).reason)
	r.token = "dddddddddddddddd"
	assert.Equal(t, http.StatusOK, r.send(runtimespec.PathRun, as, []byte(`{}`)).status)
	assert.Len(t, r.functions(), 1, "a balancer sees all")
}

func TestServer_RefusesWhatItCannotTrust(t *testing.T) {
	r := newRig(t, servermode.Config{MaxRunBody: 1 << 20, MaxInitBody: 1 << 20})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	with := func(key, value string) http.Header {
		h := f.header()
		h.Set(key, value)
		return h
	}
	other := newTarget("native", echo, map[string]string{"A": "1"})
	long := newTarget("native", echo, map[string]string{"BIG": strings.Repeat("x", 200_000)})
	again := with(runtimespec.HeaderServer, r.run(f, "", `{}`).header.Get(runtimespec.HeaderServer))
	again.Set(runtimespec.HeaderActivation, "not in flight")
	nameless := http.Header{runtimespec.HeaderLease: {f.lease}}
	for name, c := range map[string]struct {
		path   string
		header http.Header
		body   string
		reason runtimespec.Reason
	}{
		"no function":       {runtimespec.PathRun, nameless, `{}`, runtimespec.BadRequest},
		"no identity":       {runtimespec.PathRun, with(runtimespec.HeaderFunction, "xyz"), `{}`, runtimespec.BadRequest},
		"no lease":          {runtimespec.PathRun, with(runtimespec.HeaderLease, "mine"), `{}`, runtimespec.BadRequest},
		"timeout":           {runtimespec.PathRun, with(runtimespec.HeaderTimeout, "soon"), `{}`, runtimespec.BadRequest},
		"another server":    {runtimespec.PathRun, with(runtimespec.HeaderServer, "another"), `{}`, runtimespec.WrongServer},
		"sent again":        {runtimespec.PathRun, again, `{}`, runtimespec.UnknownActivation},
		"no json":           {runtimespec.PathRun, f.header(), `{"value":`, runtimespec.BadRequest},
		"two values":        {runtimespec.PathRun, f.header(), `{} {}`, runtimespec.BadRequest},
		"array":             {runtimespec.PathRun, f.header(), `[]`, runtimespec.BadRequest},
		"depth bomb":        {runtimespec.PathRun, f.header(), `{"value":` + strings.Repeat("[", 100000), runtimespec.BadRequest},
		"huge run":          {runtimespec.PathRun, f.header(), `"` + strings.Repeat("x", 1<<20) + `"`, runtimespec.TooLarge},
		"huge init":         {runtimespec.PathInit, f.header(), `"` + strings.Repeat("x", 1<<20) + `"`, runtimespec.TooLarge},
		"init no json":      {runtimespec.PathInit, f.header(), `{"value":{`, runtimespec.BadRequest},
		"no code":           {runtimespec.PathInit, f.header(), `{"value":{}}`, runtimespec.BadRequest},
		"false identity":    {runtimespec.PathInit, f.header(), string(other.body(true)), runtimespec.BadRequest},
		"false code":        {runtimespec.PathInit, with(runtimespec.HeaderCode, strings.Repeat("0", 64)), string(f.body(true)), runtimespec.BadRequest},
		"env is no base64":  {runtimespec.PathInit, with(runtimespec.HeaderEnv, "%%%"), string(f.body(true)), runtimespec.BadRequest},
		"unknown kind":      {runtimespec.PathInit, with(runtimespec.HeaderKind, "cobol:1"), string(f.body(true)), runtimespec.UnsupportedKind},
		"version it lacks":  {runtimespec.PathInit, with(runtimespec.HeaderKind, "python:3.1"), string(f.body(true)), runtimespec.UnsupportedKind},
		"activation":        {runtimespec.PathRun, with(runtimespec.HeaderActivation, strings.Repeat("a", 257)), `{}`, runtimespec.BadRequest},
		"env is too long":   {runtimespec.PathInit, long.header(), string(long.body(true)), runtimespec.BadRequest},
		"stop without name": {runtimespec.PathStop, nameless, ``, runtimespec.BadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			a := r.send(c.path, c.header, []byte(c.body))
			assert.Equal(t, c.reason, a.reason, a.body)
			assert.Equal(t, c.reason.Status(), a.status)
			assert.Contains(t, a.body, `{"error":"`)
			assert.Equal(t, `{"value":{}}`, r.run(f, "", `{}`).body, "it serves everything else")
		})
	}
}

func TestServer_RefusesToStartUnsafely(t *testing.T) {
	for name, cfg := range map[string]servermode.Config{
		"open to others without a token": {Listen: "0.0.0.0:0"},
		"no such token file":             {TokenFile: "/nowhere/tokens"},
		"half of a key pair":             {TLSCert: "cert.pem"},
		"no such token to join with":     {JoinTokenFile: "/nowhere/tokens"},
		"no such trust":                  {JoinCA: "/nowhere/ca.pem"},
		"no such interpreter":            {Python: "/nowhere/python3"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.StateDir = harness.StateDir(t)
			s := servermode.New(cfg)
			require.ErrorIs(t, s.Start(), daemon.ErrConfig)
			require.NoError(t, s.Stop(t.Context()))
		})
	}
	t.Run("a folder with other contents", func(t *testing.T) {
		dir := harness.OpenDir(t)
		precious := filepath.Join(dir, "functions", "precious")
		require.NoError(t, os.MkdirAll(precious, 0o755))
		err := servermode.New(servermode.Config{Listen: "127.0.0.1:0", StateDir: dir}).Start()
		require.ErrorIs(t, err, daemon.ErrConfig)
		assert.DirExists(t, precious)
	})
	t.Run("a state folder in use", func(t *testing.T) {
		r := newRig(t, servermode.Config{})
		err := servermode.New(servermode.Config{Listen: "127.0.0.1:0", StateDir: r.state}).Start()
		require.ErrorIs(t, err, daemon.ErrConfig)
		assert.ErrorContains(t, err, "--state-dir")
	})
}
