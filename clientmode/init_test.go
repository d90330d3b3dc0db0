package clientmode_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestInit_TellsTheServerWhatTheContractWants(t *testing.T) {
	f := newFake(t, nil)
	tokens := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(tokens, []byte("# ours\n0123456789abcdef mine\n"), 0o600))
	r := newRig(t, clientmode.Config{Upstream: f.URL, Kind: "python:3", TokenFile: tokens, VolatileEnv: []string{"__OW_SEED"}, Environ: []string{
		"__OW_API_HOST=https://ow.example", "__OW_ACTIVATION_ID=x", "__OW_SEED=1", "PATH=/bin", "__OW_NAMESPACE=container's",
	}})
	body := " " + initBody(small, "__OW_DEADLINE", "17", "A", "❄") + "\n"
	a := r.post("/init", body)
	assert.Equal(t, http.StatusOK, a.Status, a.Body)
	r.sentinels(0)

	got := f.all("/init")
	require.Len(t, got, 1, "small code is not asked about first")
	assert.Equal(t, body, got[0].body)
	container, err := runtimespec.DecodeEnv(got[0].Get(runtimespec.HeaderEnv))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"__OW_API_HOST": "https://ow.example", "__OW_NAMESPACE": "container's"}, container)
	init, err := runtimespec.ParseInit([]byte(got[0].body))
	require.NoError(t, err)
	assert.Equal(t, init.Digest().String(), got[0].Get(runtimespec.HeaderCode))
	assert.Equal(t, init.Function("python:3", init.Digest(), container, []string{"__OW_SEED"}).Identity().String(), got[0].Get(runtimespec.HeaderFunction))
	assert.Equal(t, "python:3", got[0].Get(runtimespec.HeaderKind))
	assert.Equal(t, "Bearer 0123456789abcdef", got[0].Get("Authorization"))
	assert.Equal(t, runtimespec.MediaFrames, got[0].Get("Accept"))
	assert.Len(t, got[0].Get(runtimespec.HeaderLease), 36)
	assert.NoError(t, uuid.Validate(got[0].Get(runtimespec.HeaderLease)))

	r.post("/run", runBody("a"))
	run := f.all("/run")[0]
	for _, same := range []string{runtimespec.HeaderFunction, runtimespec.HeaderLease, "Authorization"} {
		assert.Equal(t, got[0].Get(same), run.Get(same), same)
	}
	assert.Equal(t, "a", run.Get(runtimespec.HeaderActivation))
}

func TestInit_LargeCodeIsSentOnlyWhenTheServerNeedsIt(t *testing.T) {
	for name, first := range map[string]script{"known": ok, "unknown": refuse(runtimespec.CodeNeeded)} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]script{"/init": func(w http.ResponseWriter, r request) {
				if init, _ := runtimespec.ParseInit([]byte(r.body)); init.HasCode {
					ok(w, r)
				} else {
					first(w, r)
				}
			}})
			r := newRig(t, clientmode.Config{Upstream: f.URL})
			body := initBody(large)
			require.Equal(t, http.StatusOK, r.post("/init", body).Status)
			got := f.all("/init")
			assert.Less(t, len(got[0].body), 300)
			assert.Equal(t, (&runtimespec.InitBody{Code: []byte(large)}).Digest().String(), got[0].Get(runtimespec.HeaderCode))
			if name == "known" {
				assert.Len(t, got, 1)
				return
			}
			require.Len(t, got, 2)
			assert.Equal(t, body, got[1].body)
			assert.Equal(t, got[0].Get(runtimespec.HeaderFunction), got[1].Get(runtimespec.HeaderFunction))
		})
	}
}

func TestInit_TwiceIsRefused(t *testing.T) {
	f := newFake(t, nil)
	r := ready(t, f, clientmode.Config{})
	a := r.post("/init", initBody(small))
	assert.Equal(t, http.StatusForbidden, a.Status)
	assert.Equal(t, `{"error":"Cannot initialize the action more than once."}`, a.Body)
	assert.Contains(t, r.stderr.String(), "Cannot initialize the action more than once.")
	assert.Equal(t, 1, f.count("/init"))
	r.sentinels(0)
}

func TestInit_AFailureIsPassedOnAndMayBeMended(t *testing.T) {
	f := newFake(t, map[string]script{"/init": first(1, func(w http.ResponseWriter, _ request) {
		result(w, 502, `{"error":"SyntaxError"}`, log(runtimespec.Stderr, "line 1"), runtimespec.AppendFrame(nil, runtimespec.Cause, 0, []byte(runtimespec.InitFailed)))
	}, ok)})
	r := newRig(t, clientmode.Config{Upstream: f.URL})
	a := r.post("/init", initBody(small))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Equal(t, `{"error":"SyntaxError"}`, a.Body)
	assert.Equal(t, "line 1\n"+runtimespec.Sentinel+"\n", r.stderr.String())
	r.sentinels(1)
	assert.Equal(t, http.StatusInternalServerError, r.post("/run", runBody("a")).Status)
	r.sentinels(2)
	assert.Equal(t, http.StatusOK, r.post("/init", initBody(small)).Status)
	assert.Equal(t, http.StatusOK, r.post("/run", runBody("a")).Status)
	r.sentinels(3)
}

func TestInit_RefusesWhatItCannotUse(t *testing.T) {
	f := newFake(t, nil)
	r := newRig(t, clientmode.Config{Upstream: f.URL, MaxInitBody: 10 << 10, MaxRunBody: 1 << 10})
	for body, status := range map[string]int{
		``:                        http.StatusBadRequest,
		`{}`:                      http.StatusForbidden,
		`{"value":{}}`:            http.StatusForbidden,
		`{"value":{"code":7}}`:    http.StatusBadRequest,
		`{"value":{"code":"x"}`:   http.StatusBadRequest,
		initBody(large):           http.StatusRequestEntityTooLarge,
		`{"value":{"code":null}}`: http.StatusForbidden,
	} {
		a := r.post("/init", body)
		assert.Equal(t, status, a.Status, a.Body)
		assert.Contains(t, a.Body, `{"error":"`)
	}
	r.sentinels(7)
	assert.Equal(t, http.StatusRequestEntityTooLarge, r.post("/run", large).Status)
	r.sentinels(8)
	assert.Empty(t, f.all("/init"))
}
