package spans_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/whiskaway/whiskaway/clientmode/internal/spans"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
)

func parent(flags string) runtimespec.Trace {
	return runtimespec.Trace{Parent: "00-" + traceID + "-" + spanID + "-" + flags, State: `a="b`}
}

// post is what a collector was sent.
type post struct {
	*http.Request
	body string
}

// collect serves a collector that answers with a status.
func collect(t *testing.T, status int) (url string, posts chan post) {
	posts = make(chan post, 64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		posts <- post{r, string(body)}
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return server.URL, posts
}

func open(t *testing.T, log *zap.Logger, environ ...string) *spans.Tracer {
	t.Helper()
	tracer, err := spans.Open(environ, "me", log)
	require.NoError(t, err)
	require.NotNil(t, tracer)
	return tracer
}

func TestTracer_SendsWhatEndedAsOTLP(t *testing.T) {
	url, posts := collect(t, http.StatusOK)
	tracer := open(t, zap.NewNop(), "OTEL_EXPORTER_OTLP_ENDPOINT="+url+"/base/", "OTEL_SERVICE_NAME=mine", "OTEL_RESOURCE_ATTRIBUTES=a=b%20c,service.name=other",
		"OTEL_EXPORTER_OTLP_HEADERS=x-key=se%3Dcret,Content-Length=7")
	run := tracer.Receive(parent("01"), "run")
	run.Say("faas.invocation_id", "a1\xff")
	run.Say("nothing", "")
	child := run.Child("init")
	child.Fail("init-failed")
	child.End()
	run.End()
	tracer.Close(t.Context())
	got := <-posts
	assert.Equal(t, "/base/v1/traces", got.URL.Path)
	assert.Equal(t, "application/json", got.Header.Get("Content-Type"))
	assert.Equal(t, "se=cret", got.Header.Get("X-Key"))
	var sent struct {
		ResourceSpans []struct {
			Resource   struct{ Attributes []any }
			ScopeSpans []struct{ Spans []map[string]any }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(got.body), &sent), got.body)
	text := func(key, value string) any {
		return map[string]any{"key": key, "value": map[string]any{"stringValue": value}}
	}
	assert.Equal(t, []any{text("service.name", "mine"), text("service.instance.id", "me"), text("a", "b c")}, sent.ResourceSpans[0].Resource.Attributes)
	all := sent.ResourceSpans[0].ScopeSpans[0].Spans
	require.Len(t, all, 2)
	for _, s := range all {
		assert.Equal(t, traceID, s["traceId"])
		assert.Equal(t, `a="b`, s["traceState"])
		assert.Regexp(t, `^\d{19}$`, s["startTimeUnixNano"])
		assert.Regexp(t, `^\d{19}$`, s["endTimeUnixNano"])
		assert.Len(t, s["spanId"], 16)
	}
	assert.Equal(t, spanID, all[1]["parentSpanId"])
	assert.Equal(t, all[1]["spanId"], all[0]["parentSpanId"])
	assert.EqualValues(t, 2, all[1]["kind"])
	assert.Equal(t, []any{text("faas.invocation_id", "a1\uFFFD")}, all[1]["attributes"])
	assert.Nil(t, all[1]["status"])
	assert.Equal(t, map[string]any{"code": 2., "message": "init-failed"}, all[0]["status"])
	assert.Equal(t, run.Trace.Span(), all[1]["spanId"], "what others are told is what is sent")
}

func TestTracer_SendsWithoutBeingClosed(t *testing.T) {
	url, posts := collect(t, http.StatusOK)
	tracer := open(t, zap.NewNop(), "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="+url+"/here")
	tracer.Begin("stop").End()
	assert.Equal(t, "/here", (<-posts).URL.Path)
	tracer.Close(t.Context())
	tracer.Begin("late").End() // nobody sends it, and nothing breaks
}

func TestTracer_OffChangesNothingAndCostsNothing(t *testing.T) {
	for _, environ := range [][]string{nil, {"OTEL_EXPORTER_OTLP_ENDPOINT="}, {"OTEL_EXPORTER_OTLP_ENDPOINT=http://x", "OTEL_SDK_DISABLED=TRUE"}} {
		tracer, err := spans.Open(environ, "me", zap.NewNop())
		require.NoError(t, err)
		require.Nil(t, tracer)
	}
	var tracer *spans.Tracer
	in := parent("01")
	allocations := testing.AllocsPerRun(100, func() {
		s := tracer.Receive(in, "run")
		if s.Trace != in || s.Child("init").Trace != in || tracer.Begin("stop").Trace.Parent != "" {
			t.Fatal("another trace")
		}
		s.Say("a", "b")
		s.Fail("internal")
		s.End()
	})
	assert.Zero(t, allocations)
	tracer.Close(t.Context())
}

func TestTracer_SamplesAsItsVariablesSay(t *testing.T) {
	none := runtimespec.Trace{}
	for _, c := range []struct {
		sampler, arg string
		in           runtimespec.Trace
		id           string
		want         bool
	}{
		{"", "", none, traceID, true},
		{"", "", parent("00"), traceID, false},
		{"", "", parent("01"), traceID, true},
		{"always_on", "", parent("00"), traceID, true},
		{"always_off", "", parent("01"), traceID, false},
		{"parentbased_always_off", "", none, traceID, false},
		{"parentbased_always_off", "", parent("01"), traceID, true},
		{"parentbased_always_on", "", parent("02"), traceID, false},
		{"traceidratio", "0.5", none, strings.Repeat("0", 16) + "7" + strings.Repeat("f", 15), true},
		{"traceidratio", "0.5", none, strings.Repeat("0", 16) + "8" + strings.Repeat("0", 15), false},
		{"traceidratio", "1", none, strings.Repeat("f", 32), true},
		{"traceidratio", "", none, strings.Repeat("f", 32), true},
		{"parentbased_traceidratio", "0", none, traceID, false},
		{"parentbased_traceidratio", "0", parent("01"), traceID, true},
	} {
		got, err := spans.Sampled([]string{"OTEL_TRACES_SAMPLER=" + c.sampler, "OTEL_TRACES_SAMPLER_ARG=" + c.arg}, c.in, c.id)
		require.NoError(t, err)
		assert.Equal(t, c.want, got, "%+v", c)
	}
	for _, environ := range [][]string{
		{"OTEL_TRACES_SAMPLER=sometimes"}, {"OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=2"}, {"OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=NaN"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318"}, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://user:pass@x/"}, {"OTEL_EXPORTER_OTLP_TIMEOUT=10s"}, {"OTEL_EXPORTER_OTLP_CERTIFICATE=/nowhere"},
	} {
		tracer, err := spans.Open(append([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"}, environ...), "me", zap.NewNop())
		require.Error(t, err, environ)
		require.NotContains(t, err.Error(), "pass")
		require.Nil(t, tracer)
	}
}

func TestTracer_WhatIsNotSampledIsToldToOthers(t *testing.T) {
	url, posts := collect(t, http.StatusOK)
	tracer := open(t, zap.NewNop(), "OTEL_EXPORTER_OTLP_ENDPOINT="+url, "OTEL_TRACES_SAMPLER=parentbased_always_off")
	s := tracer.Begin("stop")
	assert.Regexp(t, "^00-[0-9a-f]{32}-[0-9a-f]{16}-00$", s.Trace.Parent)
	assert.Equal(t, s, s.Child("init"))
	s.End()
	assert.Equal(t, parent("00"), tracer.Receive(parent("00"), "run").Trace, "its parent's, as it came")
	tracer.Close(t.Context())
	assert.Empty(t, posts)
}

func TestTracer_ACollectorThatIsDownHoldsNobodyUp(t *testing.T) {
	core, logged := observer.New(zap.InfoLevel)
	url, posts := collect(t, http.StatusServiceUnavailable)
	tracer := open(t, zap.New(core), "OTEL_EXPORTER_OTLP_ENDPOINT="+url)
	for range 4 * spans.MaxQueued {
		tracer.Begin("stop").End()
	}
	tracer.Close(t.Context())
	assert.NotEmpty(t, posts)
	assert.Len(t, logged.FilterMessageSnippet("does not take spans").All(), 1, "once, however many batches")

	hangs := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hangs }))
	defer server.Close()
	defer close(hangs)
	tracer = open(t, zap.NewNop(), "OTEL_EXPORTER_OTLP_ENDPOINT="+server.URL, "OTEL_EXPORTER_OTLP_TIMEOUT=500")
	tracer.Begin("stop").End()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	tracer.Close(ctx)
	require.Error(t, ctx.Err(), "it was closed when its time was over")
}
