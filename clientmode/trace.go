package clientmode

import (
	"net/http"

	"github.com/whiskaway/whiskaway/internal/hop"
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

// traced is a copy of h with a trace context, and room for what an exchange adds.
func traced(h hop.Header, trace []string) hop.Header {
	h = h.With()
	if trace != nil {
		h = append(h, hop.Field{Name: runtimespec.HeaderTrace, Value: trace[0]})
	}
	return h
}
