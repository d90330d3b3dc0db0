package runtimespec_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestParseDigest_RoundTrip(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 4)
	d, err := runtimespec.ParseDigest(text)
	require.NoError(t, err)
	require.Equal(t, text, d.String())
	require.Equal(t, "0123456789ab", d.Short())
}

func TestParseDigest_RefusesAnythingElse(t *testing.T) {
	for _, text := range []string{"", strings.Repeat("a", 63), strings.Repeat("a", 65), strings.Repeat("A", 64), strings.Repeat("g", 64), strings.Repeat("é", 32)} {
		_, err := runtimespec.ParseDigest(text)
		require.ErrorIs(t, err, runtimespec.ErrDigest, text)
	}
}

func TestMergeEnv_ActionWinsAndVolatileKeysAreLeftOut(t *testing.T) {
	got := runtimespec.MergeEnv(
		map[string]string{"A": "action", "__OW_ACTIVATION_ID": "1", "__OW_TRANSACTION_ID": "1", "__OW_DEADLINE": "1", "MINE": "1", "__OW_NAMESPACE": "n"},
		map[string]string{"A": "container", "B": "container", "__OW_DEADLINE": "2"}, []string{"MINE"})
	require.Equal(t, map[string]string{"A": "action", "B": "container", "__OW_NAMESPACE": "n"}, got)
}

// No two of these may share a process.
func TestIdentity_EveryPartCounts(t *testing.T) {
	base := runtimespec.Function{Kind: "k", Main: "m", Env: map[string]string{"A": "1"}}
	all := map[runtimespec.Identity]string{base.Identity(): "base"}
	for name, change := range map[string]func(*runtimespec.Function){
		"kind":        func(f *runtimespec.Function) { f.Kind = "l" },
		"main":        func(f *runtimespec.Function) { f.Main = "n" },
		"kind↔main":   func(f *runtimespec.Function) { f.Kind, f.Main = "km", "" },
		"binary":      func(f *runtimespec.Function) { f.Binary = true },
		"code":        func(f *runtimespec.Function) { f.Code[31] = 1 },
		"value":       func(f *runtimespec.Function) { f.Env = map[string]string{"A": "2"} },
		"key":         func(f *runtimespec.Function) { f.Env = map[string]string{"B": "1"} },
		"key↔value":   func(f *runtimespec.Function) { f.Env = map[string]string{"A1": ""} },
		"more env":    func(f *runtimespec.Function) { f.Env = map[string]string{"A": "1", "B": ""} },
		"without env": func(f *runtimespec.Function) { f.Env = nil },
	} {
		f := base
		change(&f)
		other, taken := all[f.Identity()]
		require.False(t, taken, "%s has the identity of %s", name, other)
		all[f.Identity()] = name
	}
}

func TestIdentity_NoEnvIsAnEmptyOne(t *testing.T) {
	require.Equal(t, runtimespec.Function{}.Identity(), runtimespec.Function{Env: map[string]string{}}.Identity())
}

// The server knows the container's variables from a header only.
func TestIdentity_IsTheSameOnBothSides(t *testing.T) {
	container := map[string]string{"__OW_API_HOST": "https://x", "__OW_ODD": "caf\xe9 \xff\xfe", "__OW_K\xff": "1"}
	init, err := runtimespec.ParseInit([]byte(`{"value":{"code":"x"}}`))
	require.NoError(t, err)
	header, err := runtimespec.EncodeEnv(container)
	require.NoError(t, err)
	received, err := runtimespec.DecodeEnv(header)
	require.NoError(t, err)
	atClient := init.Function("native", init.Digest(), container, nil).Identity()
	atServer := init.Function("native", init.Digest(), received, nil).Identity()
	require.Equal(t, atClient, atServer)
}

func TestStripHost(t *testing.T) {
	for main, want := range map[string]string{"main": "main", "main@host": "main", "a.b@https://h:1": "a.b", "a@b@c": "a", "": ""} {
		require.Equal(t, want, runtimespec.StripHost(main))
	}
}
