package runtimespec

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

// Trace is the position of a request in a trace, in the form of W3C Trace
// Context. The zero value is in no trace.
type Trace struct {
	Parent string // traceparent of version 00, 55 bytes; empty: in no trace
	State  string // tracestate; empty: none
}

const (
	traceParent = len("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	// MaxTraceState is the longest tracestate that is passed on, in bytes: the
	// length that the standard requires at least.
	MaxTraceState = 512
)

// TraceOf reads the trace context of a request. It ignores a context that is
// malformed or there twice, and a tracestate without a context. It reads a
// later version of the format as this one.
func TraceOf(h http.Header) (t Trace) {
	parent := h[HeaderTrace]
	if len(parent) != 1 || !isTraceParent(parent[0]) {
		return Trace{}
	}
	if t.Parent = parent[0]; t.Parent[:2] != "00" {
		t.Parent = "00" + t.Parent[2:traceParent]
	}
	if t.State = strings.Join(h[HeaderTraceState], ","); len(t.State) > MaxTraceState || !isPrintable(t.State) {
		t.State = ""
	}
	return t
}

// isTraceParent checks version-trace-parent-flags, in lower-case hex digits.
func isTraceParent(text string) bool {
	if len(text) < traceParent || text[2] != '-' || text[35] != '-' || text[52] != '-' {
		return false
	}
	version, id, span, flags := text[:2], text[3:35], text[36:52], text[53:55]
	switch {
	case !isHex(version) || !isHex(id) || !isHex(span) || !isHex(flags):
		return false
	case version == "ff" || strings.Trim(id, "0") == "" || strings.Trim(span, "0") == "":
		return false
	case version == "00":
		return len(text) == traceParent
	}
	return len(text) == traceParent || text[traceParent] == '-'
}

func isHex(text string) bool {
	for i := range len(text) {
		if b := text[i]; (b < '0' || b > '9') && (b < 'a' || b > 'f') {
			return false
		}
	}
	return true
}

func isPrintable(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// ID returns the trace's id, 32 hex digits; empty in no trace.
func (t Trace) ID() string {
	if t.Parent == "" {
		return ""
	}
	return t.Parent[3:35]
}

// Span returns the id of the caller's span, 16 hex digits; empty in no trace.
func (t Trace) Span() string {
	if t.Parent == "" {
		return ""
	}
	return t.Parent[36:52]
}

// Sampled reports whether the caller may have recorded its span.
func (t Trace) Sampled() bool {
	return t.Parent != "" && strings.IndexByte("13579bdf", t.Parent[traceParent-1]) >= 0
}

// Into returns a run's body with the trace as members behind its own, which
// stay as they are. Launchers turn the members into variables, __OW_TRACEPARENT
// and __OW_TRACESTATE. The body must have passed CheckRun. A body that is null
// or has a traceparent is returned unchanged.
func (t Trace) Into(body []byte) []byte {
	end := bytes.LastIndexByte(body, '}')
	if t.Parent == "" || end < 0 || bytes.Contains(body, []byte(`"traceparent"`)) {
		return body
	}
	out := make([]byte, 0, len(body)+len(t.Parent)+len(t.State)+64)
	out = append(out, body[:end]...)
	if inner := bytes.TrimLeft(out, " \t\r\n{"); len(inner) > 0 {
		out = append(out, ',')
	}
	out = append(append(append(out, `"traceparent":"`...), t.Parent...), '"')
	if t.State != "" {
		out, _ = jsontext.AppendQuote(append(out, `,"tracestate":`...), t.State) // the tracestate is ASCII
	}
	return append(out, body[end:]...)
}
