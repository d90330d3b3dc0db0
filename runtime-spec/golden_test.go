package runtimespec_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// The files in testdata are the contract, byte for byte: other implementations
// test themselves against them. A change to one is a new version of the spec.

func golden(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(into))
}

// identityCase is one function as it reaches a server, and its identity.
type identityCase struct {
	Name       string
	Kind       string
	Main       string
	Binary     bool
	Code       string
	Env        map[string]string
	Container  map[string]string
	Volatile   []string
	CodeDigest string `json:"code_digest"`
	Identity   string
}

func identityCases(t *testing.T) []identityCase {
	var cases []identityCase
	golden(t, "identity.json", &cases)
	require.NotEmpty(t, cases)
	return cases
}

func TestIdentity_Golden(t *testing.T) {
	for _, c := range identityCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			value := map[string]any{"main": c.Main, "binary": c.Binary, "code": c.Code, "env": c.Env}
			body, err := json.Marshal(map[string]any{"value": value})
			require.NoError(t, err)
			init, err := runtimespec.ParseInit(body)
			require.NoError(t, err)
			require.Equal(t, c.CodeDigest, init.Digest().String())
			require.Equal(t, c.Identity, init.Function(c.Kind, init.Digest(), c.Container, c.Volatile).Identity().String())
		})
	}
}

// The recipe as the README gives it, written a second time.
func TestIdentity_IsTheRecipe(t *testing.T) {
	f := runtimespec.Function{Kind: "k", Main: "m@host", Binary: true, Code: sha256.Sum256([]byte("c")), Env: map[string]string{"B": "2", "A": ""}}
	parts := "\x00\x00\x00\x00\x00\x00\x00\x0bwhiskaway/1" +
		"\x00\x00\x00\x00\x00\x00\x00\x01k" + "\x00\x00\x00\x00\x00\x00\x00\x01m" + "\x00\x00\x00\x00\x00\x00\x00\x011" +
		"\x00\x00\x00\x00\x00\x00\x00\x20" + string(f.Code[:]) +
		"\x00\x00\x00\x00\x00\x00\x00\x02" +
		"\x00\x00\x00\x00\x00\x00\x00\x01A" + "\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\x00\x00\x00\x01B" + "\x00\x00\x00\x00\x00\x00\x00\x012"
	require.Equal(t, runtimespec.Identity(sha256.Sum256([]byte(parts))), f.Identity())
}

func TestEnv_Golden(t *testing.T) {
	var cases []struct {
		Env    map[string]string
		Header string
	}
	golden(t, "env.json", &cases)
	for _, c := range cases {
		header, err := runtimespec.EncodeEnv(c.Env)
		require.NoError(t, err)
		require.Equal(t, c.Header, header)
		env, err := runtimespec.DecodeEnv(c.Header)
		require.NoError(t, err)
		require.True(t, maps.Equal(c.Env, env), "%v", env)
	}
}

func TestLoad_Golden(t *testing.T) {
	var cases []struct {
		InFlight int `json:"in_flight"`
		Slots    int
		Queued   int
		Changes  int
		CPU      float64
		Header   string
	}
	golden(t, "load.json", &cases)
	for _, c := range cases {
		load := runtimespec.Load{InFlight: c.InFlight, Slots: c.Slots, Queued: c.Queued, Changes: c.Changes, CPU: c.CPU}
		require.Equal(t, c.Header, string(load.AppendHeader(nil)))
		parsed, err := runtimespec.ParseLoad(c.Header)
		require.NoError(t, err)
		require.Equal(t, load, parsed)
	}
}

func TestFrames_Golden(t *testing.T) {
	for name, frames := range map[string][]runtimespec.Frame{
		"answer-ok.hex": {
			{Stream: runtimespec.Stdout, Payload: []byte("hello ❄\n")},
			{Stream: runtimespec.Stderr, Payload: []byte("careful\n")},
			{Stream: runtimespec.Result, Status: 200, Payload: []byte(`{"greeting":"hello"}`)},
		},
		"answer-failed.hex": {
			{Stream: runtimespec.Stderr, Payload: []byte("Traceback\n")},
			{Stream: runtimespec.Cause, Payload: []byte(runtimespec.Crashed)},
			{Stream: runtimespec.Result, Status: 400, Payload: []byte(`{"error":"command exited"}`)},
		},
		"answer-empty.hex": {{Stream: runtimespec.Result, Status: 200, Payload: []byte{}}},
	} {
		t.Run(name, func(t *testing.T) {
			wire := readHex(t, name)
			require.Equal(t, wire, encode(frames))
			decoded, err := decode(bytes.NewReader(wire), 1<<20)
			require.Equal(t, io.EOF, err)
			require.Equal(t, frames, decoded)
		})
	}
}

var notHex = regexp.MustCompile(`(?m)^#.*$|\s+`)

// readHex reads a file of hex digits, white space and comments.
func readHex(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	out, err := hex.DecodeString(string(notHex.ReplaceAll(text, nil)))
	require.NoError(t, err)
	return out
}
