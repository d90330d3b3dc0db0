package runtimespec_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
	parent  = "00-" + traceID + "-" + spanID + "-01"
)

func TestTrace_IsReadAsW3CSays(t *testing.T) {
	for value, want := range map[string]string{
		parent:                                                  parent,
		"00-" + traceID + "-" + spanID + "-00":                  "00-" + traceID + "-" + spanID + "-00",
		"cc-" + traceID + "-" + spanID + "-01":                  parent,
		"cc" + parent[2:] + "-what.comes-later":                 parent,
		parent + "-more":                                        "",
		"cc" + parent[2:] + "more":                              "",
		"ff" + parent[2:]:                                       "",
		strings.ToUpper(parent):                                 "",
		"00-" + strings.Repeat("0", 32) + "-" + spanID + "-01":  "",
		"00-" + traceID + "-" + strings.Repeat("0", 16) + "-01": "",
		parent[:54]:                                             "",
		parent + "\x00":                                         "",
		"0g" + parent[2:]:                                       "",
		" " + parent:                                            "",
		"":                                                      "",
		parent[:53] + ".1":                                      "",
	} {
		got := runtimespec.TraceOf(http.Header{"Traceparent": {value}, "Tracestate": {"a=b"}})
		assert.Equal(t, want, got.Parent, value)
		assert.Equal(t, want != "", got.State == "a=b", value)
	}
	assert.Zero(t, runtimespec.TraceOf(http.Header{"Traceparent": {parent, parent}}), "which of them counts?")
	assert.Zero(t, runtimespec.TraceOf(nil))
}

func TestTrace_StateGoesWithItWithinBounds(t *testing.T) {
	for joined, values := range map[string][]string{
		"a=b,c=d": {"a=b", "c=d"},
		"a=" + strings.Repeat("x", runtimespec.MaxTraceState-2): {"a=" + strings.Repeat("x", runtimespec.MaxTraceState-2)},
	} {
		assert.Equal(t, joined, runtimespec.TraceOf(http.Header{"Traceparent": {parent}, "Tracestate": values}).State)
	}
	for _, bad := range []string{"a=" + strings.Repeat("x", runtimespec.MaxTraceState), "a=\x7f", "a=\r\nb", "a=é"} {
		assert.Empty(t, runtimespec.TraceOf(http.Header{"Traceparent": {parent}, "Tracestate": {bad}}).State, bad)
	}
}

func TestTrace_Parts(t *testing.T) {
	trace := runtimespec.Trace{Parent: parent}
	assert.Equal(t, traceID, trace.ID())
	assert.Equal(t, spanID, trace.Span())
	assert.True(t, trace.Sampled())
	assert.False(t, runtimespec.Trace{Parent: parent[:54] + "0"}.Sampled())
	assert.False(t, runtimespec.Trace{}.Sampled())
	assert.Empty(t, runtimespec.Trace{}.ID()+runtimespec.Trace{}.Span())
}

func TestTrace_IntoLeavesABodysBytesAsTheyAre(t *testing.T) {
	trace := runtimespec.Trace{Parent: parent, State: `a="\`}
	for _, body := range []string{`{}`, ` { } `, `{"value":{}}`, `{"value":{"n":9007199254740993, "s":"<é}"}  }` + "\n"} {
		got := string(trace.Into([]byte(body)))
		head, tail, _ := strings.Cut(got, `"traceparent"`)
		assert.True(t, strings.HasPrefix(body, strings.TrimSuffix(head, ",")), got)
		assert.True(t, strings.HasSuffix(body, tail[strings.LastIndexByte(tail, '}'):]), got)
		var read map[string]any
		require.NoError(t, json.Unmarshal([]byte(got), &read), got)
		assert.Equal(t, parent, read["traceparent"])
		assert.Equal(t, `a="\`, read["tracestate"])
		require.NoError(t, runtimespec.CheckRun([]byte(got)))
	}
	for _, body := range []string{`null`, `{"traceparent":"x"}`} {
		assert.Equal(t, body, string(trace.Into([]byte(body))))
	}
	assert.Equal(t, `{}`, string(runtimespec.Trace{}.Into([]byte(`{}`))))
}
