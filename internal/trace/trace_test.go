package trace_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	collect "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/protobuf/proto"

	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
)

func parent(flags string) runtimespec.Trace {
	return runtimespec.Trace{Parent: "00-" + traceID + "-" + spanID + "-" + flags, State: "a=b"}
}

// collector keeps the spans that it is sent, and answers with a status.
type collector struct {
	mu    sync.Mutex
	spans map[string]*otlp.Span // by name
}

func newCollector(t *testing.T, status int) *collector {
	c := &collector{spans: map[string]*otlp.Span{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var request collect.ExportTraceServiceRequest
		assert.NoError(t, proto.Unmarshal(body, &request))
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, of := range request.ResourceSpans {
			for _, s := range of.ScopeSpans[0].Spans {
				c.spans[s.Name] = s
			}
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	return c
}

func open(t *testing.T, log *zap.Logger) *trace.Tracer {
	t.Helper()
	tracer, err := trace.Open("test", "me", log)
	require.NoError(t, err)
	require.NotNil(t, tracer)
	return tracer
}

func TestTracer_OffChangesNothingAndCostsNothing(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	tracer, err := trace.Open("test", "me", zap.NewNop())
	require.NoError(t, err)
	require.Nil(t, tracer)
	in := parent("01")
	allocations := testing.AllocsPerRun(100, func() {
		s := tracer.Receive(in, "run")
		child := s.Child("a")
		child.Text("a", "b")
		child.Number("a", 1)
		child.Flag("a", true)
		child.Tenant("b")
		child.With(s)
		child.Fail("internal")
		child.End()
		if s.On() || s.Onward(in) != in || tracer.Begin("b").Onward(runtimespec.Trace{}).Parent != "" {
			t.Fatal("another trace")
		}
	})
	assert.Zero(t, allocations)
	tracer.Close(t.Context())
	sent, dropped := tracer.Counts()
	assert.Zero(t, sent+dropped)
}

func TestTracer_JoinsTheTraceOfItsCaller(t *testing.T) {
	c := newCollector(t, http.StatusOK)
	tracer := open(t, zap.NewNop())
	run := tracer.Receive(parent("01"), "run")
	run.Tenant("alice")
	call := run.Call("call")
	call.Fail("saturated")
	onward := call.Onward(parent("01"))
	call.End()
	run.End()
	tracer.Close(t.Context())
	assert.Equal(t, traceID, fmt.Sprintf("%x", c.spans["run"].TraceId))
	assert.Equal(t, spanID, fmt.Sprintf("%x", c.spans["run"].ParentSpanId))
	assert.Equal(t, c.spans["run"].SpanId, c.spans["call"].ParentSpanId)
	assert.Equal(t, runtimespec.Trace{Parent: fmt.Sprintf("00-%s-%x-01", traceID, c.spans["call"].SpanId), State: "a=b"}, onward)
	assert.Equal(t, otlp.Status_STATUS_CODE_ERROR, c.spans["call"].Status.Code)
	assert.NotContains(t, c.spans["run"].String(), "alice")
	assert.Contains(t, c.spans["run"].String(), "whiskaway.tenant")
	sent, dropped := tracer.Counts()
	assert.Equal(t, [2]float64{2, 0}, [2]float64{sent, dropped})
}

func TestTracer_RecordsNothingThatIsNotSampled(t *testing.T) {
	c := newCollector(t, http.StatusOK)
	t.Setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
	tracer := open(t, zap.NewNop())
	for _, in := range []runtimespec.Trace{parent("00"), {}} {
		s := tracer.Receive(in, "run")
		child := s.Child("child")
		assert.False(t, s.On() || child.On())
		onward := child.Onward(in)
		assert.False(t, onward.Sampled())
		assert.NotEmpty(t, onward.Parent)
		if in.Parent != "" {
			assert.Equal(t, in, onward, "as it came")
		}
		child.End()
		s.End()
	}
	tracer.Close(t.Context())
	assert.Empty(t, c.spans)
}

func TestTracer_WhatTheCollectorDoesNotTakeIsCounted(t *testing.T) {
	newCollector(t, http.StatusBadRequest)
	core, logged := observer.New(zap.WarnLevel)
	tracer := open(t, zap.New(core))
	const n = 10_000
	began := time.Now()
	for range n {
		tracer.Begin("span").End()
	}
	tracer.Close(t.Context())
	sent, dropped := tracer.Counts()
	assert.Equal(t, [2]float64{0, n}, [2]float64{sent, dropped}, "each of them: the queue was full, or the batch refused")
	assert.Len(t, logged.All(), 1)
	assert.Less(t, time.Since(began), 10*time.Second)
}

func TestTracer_ClosesInTimeWhereTheCollectorHangs(t *testing.T) {
	hangs := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hangs }))
	defer server.Close()
	defer close(hangs)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	tracer := open(t, zap.NewNop())
	tracer.Begin("span").End()
	began := time.Now()
	tracer.Close(t.Context())
	assert.Less(t, time.Since(began), 5*time.Second)
}
