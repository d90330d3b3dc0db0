package clientmode

import (
	"maps"
	"net/http"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// maxTrace bounds a trace context; version 00 has 55 bytes.
const maxTrace = 256

// traceOf is the invoker's trace context, the one header of its that goes on to
// the server; nil when there is none to make sense of.
func traceOf(r *http.Request) []string {
	trace := r.Header[runtimespec.HeaderTrace]
	if len(trace) != 1 || len(trace[0]) > maxTrace {
		return nil
	}
	return trace
}

// traced is a copy of h with a trace context.
func traced(h http.Header, trace []string) http.Header {
	h = maps.Clone(h) // values are never changed, so they can be shared
	if trace != nil {
		h[runtimespec.HeaderTrace] = trace
	}
	return h
}
