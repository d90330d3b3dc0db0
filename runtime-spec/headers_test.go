package runtimespec_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// The services write headers past net/http's own canonicalisation.
func TestHeaders_AreCanonical(t *testing.T) {
	for name, header := range constants(t, "headers.go", "Header") {
		require.Equal(t, http.CanonicalHeaderKey(header), header, name)
	}
}

func TestTimeout_RoundTrip(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{
		-time.Hour:              time.Millisecond,
		0:                       time.Millisecond,
		999 * time.Microsecond:  time.Millisecond,
		1500 * time.Microsecond: time.Millisecond,
		time.Minute:             time.Minute,
		24 * time.Hour:          24 * time.Hour,
		24*time.Hour + 1:        24 * time.Hour, // a deadline far away is no bad request
		1<<63 - 1:               24 * time.Hour,
	} {
		h := http.Header{runtimespec.HeaderTimeout: {runtimespec.FormatTimeout(left)}}
		got, err := runtimespec.Timeout(h, time.Second)
		require.NoError(t, err)
		require.Equal(t, want, got, left)
	}
}

func TestTimeout_Absent(t *testing.T) {
	got, err := runtimespec.Timeout(http.Header{}, 7*time.Second)
	require.NoError(t, err)
	require.Equal(t, 7*time.Second, got)
}

func TestTimeout_RefusesWhatIsNoTime(t *testing.T) {
	for _, value := range []string{"0", "-1", "1.5", "1s", "86400001", "9223372036854775808", " 1", "one"} {
		_, err := runtimespec.Timeout(http.Header{runtimespec.HeaderTimeout: {value}}, time.Second)
		require.Error(t, err, value)
	}
}

func TestDecodeEnv_RefusesWhatIsNoEnv(t *testing.T) {
	for name, value := range map[string]string{
		"no base64":      "{}",
		"padding":        "e30=",
		"an array":       base64url(`[]`),
		"cut off":        base64url(`{"a":"b"`),
		"more follows":   base64url(`{} {}`),
		"garbage at end": base64url(`{},`),
		"no UTF-8":       base64url("{\"a\":\"\xff\"}"),
		"too long":       strings.Repeat("A", runtimespec.MaxEnvHeader+4),
	} {
		_, err := runtimespec.DecodeEnv(value)
		require.Error(t, err, name)
	}
}

func TestEncodeEnv_RefusesWhatNoServerTakes(t *testing.T) {
	_, err := runtimespec.EncodeEnv(map[string]string{"__OW_X": strings.Repeat("x", runtimespec.MaxEnvHeader)})
	require.ErrorContains(t, err, "65536")
}

func TestErrorBody_IsJSONWhateverTheMessage(t *testing.T) {
	for message, want := range map[string]string{"": "", `a "b" \ ❄` + "\n": `a "b" \ ❄` + "\n", "\xff": "\uFFFD"} {
		var body map[string]string
		require.NoError(t, json.Unmarshal(runtimespec.ErrorBody(message), &body))
		require.Equal(t, map[string]string{"error": want}, body)
	}
}

func base64url(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func FuzzDecodeEnv(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":"b"}`, `{"a":null,"b":1.0,"c":{"d":[]},"a":"❄"}`, `{"\u0061":"\ud83d\ude00"}`} {
		f.Add(base64url(s))
	}
	f.Fuzz(func(t *testing.T, value string) {
		env, err := runtimespec.DecodeEnv(value)
		if err != nil || value == "" {
			return
		}
		raw, err := base64.RawURLEncoding.DecodeString(value)
		require.NoError(t, err)
		parsed := parse(t, raw)
		require.Len(t, env, len(parsed))
		for key, want := range parsed {
			if s, ok := want.(string); ok {
				require.Equal(t, s, env[key])
			}
		}
		header, err := runtimespec.EncodeEnv(env)
		if err != nil {
			return // a nested value grows when it becomes a string
		}
		again, err := runtimespec.DecodeEnv(header)
		require.NoError(t, err)
		require.True(t, maps.Equal(env, again))
	})
}
