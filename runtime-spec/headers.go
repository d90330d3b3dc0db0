package runtimespec

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

// Headers of the contract, in the canonical form that net/http sends.
const (
	HeaderFunction   = "Whiskaway-Function"   // identity, 64 hex digits
	HeaderCode       = "Whiskaway-Code"       // SHA-256 of the code string, 64 hex digits (init)
	HeaderLease      = "Whiskaway-Lease"      // UUID of the client container
	HeaderKind       = "Whiskaway-Kind"       // kind as configured; absent: the server sniffs
	HeaderActivation = "Whiskaway-Activation" // activation id
	HeaderTimeout    = "Whiskaway-Timeout"    // milliseconds left
	HeaderEnv        = "Whiskaway-Env"        // the container's own __OW_* variables, base64url JSON
	HeaderHops       = "Whiskaway-Hops"       // balancers already visited
	HeaderTenant     = "Whiskaway-Tenant"     // tenant of the request; needs a token that may delegate
	HeaderServer     = "Whiskaway-Server"     // incarnation: the one that executes (response), the one expected (request; a run with it asks again)
	HeaderReason     = "Whiskaway-Reason"     // machine-readable cause of a refusal
	HeaderLoad       = "Endpoint-Load-Metrics"
	HeaderTrace      = "Traceparent" // W3C Trace Context; see TraceOf
	HeaderTraceState = "Tracestate"
)

// MediaFrames is the media type of an answer that consists of frames.
const MediaFrames = "application/vnd.whiskaway.frames"

// MaxEnvHeader bounds HeaderEnv, encoded: servers cap a request's headers.
const MaxEnvHeader = 64 << 10

// EncodeEnv returns the value of HeaderEnv for a container's variables:
// base64url (no padding) of a JSON object of strings.
func EncodeEnv(env map[string]string) (string, error) {
	raw := []byte{'{'}
	for i, key := range slices.Sorted(maps.Keys(env)) {
		if i > 0 {
			raw = append(raw, ',')
		}
		raw = append(jsontext.AppendString(raw, key), ':')
		raw = jsontext.AppendString(raw, env[key])
	}
	raw = append(raw, '}')
	out := base64.RawURLEncoding.EncodeToString(raw)
	if len(out) > MaxEnvHeader {
		return "", fmt.Errorf("the container's __OW_* variables take %d bytes encoded, over the limit of %d", len(out), MaxEnvHeader)
	}
	return out, nil
}

// ErrorBody returns {"error": message}, as OpenWhisk's tools expect it.
func ErrorBody(message string) []byte {
	return append(jsontext.AppendString([]byte(`{"error":`), message), '}')
}

// DecodeEnv decodes the value of HeaderEnv. An empty value is an empty env.
func DecodeEnv(value string) (map[string]string, error) {
	if value == "" {
		return nil, nil
	}
	if len(value) > MaxEnvHeader {
		return nil, fmt.Errorf("%s is longer than %d bytes", HeaderEnv, MaxEnvHeader)
	}
	raw, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return nil, fmt.Errorf("%s is not base64url: %w", HeaderEnv, err)
	}
	env := map[string]string{}
	dec := jsontext.Decode(raw)
	err = dec.Object(func(key string) (err error) { env[key], err = dec.Text(); return })
	if err == nil {
		err = dec.AtEnd()
	}
	if err != nil {
		return nil, fmt.Errorf("%s is not a JSON object of strings: %w", HeaderEnv, err)
	}
	return env, nil
}

// MaxTimeout is the longest time left that a request may name.
const MaxTimeout = 24 * time.Hour

// FormatTimeout returns the value of HeaderTimeout for the time left: whole
// milliseconds, from 1 to MaxTimeout.
func FormatTimeout(left time.Duration) string {
	left = max(time.Millisecond, min(left, MaxTimeout))
	return strconv.FormatInt(left.Milliseconds(), 10)
}

// Timeout returns the time left that the header names, or fallback without the
// header.
func Timeout(h http.Header, fallback time.Duration) (time.Duration, error) {
	value := h.Get(HeaderTimeout)
	if value == "" {
		return fallback, nil
	}
	ms, err := strconv.ParseInt(value, 10, 64)
	if err != nil || ms <= 0 || ms > MaxTimeout.Milliseconds() {
		return 0, fmt.Errorf("%s must be milliseconds between 1 and one day, not %.40q", HeaderTimeout, value)
	}
	return time.Duration(ms) * time.Millisecond, nil
}
