package trace

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	api "go.opentelemetry.io/otel/trace"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Span is something that takes time; the zero value is none. It is passed as a
// value: a copy is the same span.
type Span struct {
	of   *Tracer
	span api.Span
}

// Receive begins the span of a request that came with a trace context. Without
// one it begins a trace.
func (t *Tracer) Receive(in runtimespec.Trace, name string) Span {
	if t == nil {
		return Span{}
	}
	ctx := context.Background()
	if parent := remote(in); parent.IsValid() {
		ctx = api.ContextWithRemoteSpanContext(ctx, parent)
	}
	return t.start(ctx, name, api.SpanKindServer)
}

// Begin begins a trace of something that nobody asked for.
func (t *Tracer) Begin(name string) Span {
	if t == nil {
		return Span{}
	}
	return t.start(context.Background(), name, api.SpanKindInternal)
}

func (t *Tracer) start(ctx context.Context, name string, kind api.SpanKind) Span {
	_, span := t.tracer.Start(ctx, name, api.WithSpanKind(kind))
	return Span{t, span}
}

func remote(in runtimespec.Trace) api.SpanContext {
	if in.Parent == "" {
		return api.SpanContext{}
	}
	var cfg api.SpanContextConfig
	cfg.TraceID, _ = api.TraceIDFromHex(in.ID()) // all of it has been checked
	cfg.SpanID, _ = api.SpanIDFromHex(in.Span())
	if in.Sampled() {
		cfg.TraceFlags = api.FlagsSampled
	}
	cfg.TraceState, _ = api.ParseTraceState(in.State) // one that makes no sense is none
	cfg.Remote = true
	return api.NewSpanContext(cfg)
}

// On reports whether the span is recorded: whether it is worth while to find out
// what to say of it.
func (s Span) On() bool { return s.span != nil && s.span.IsRecording() }

// Child begins a part of s. A part of what is not recorded is not either.
func (s Span) Child(name string) Span { return s.child(name, api.SpanKindInternal) }

// Call begins a part of s that is a request to somebody else.
func (s Span) Call(name string) Span { return s.child(name, api.SpanKindClient) }

func (s Span) child(name string, kind api.SpanKind) Span {
	if !s.On() {
		return s
	}
	return s.of.start(api.ContextWithSpan(context.Background(), s.span), name, kind)
}

// Onward is the trace context of a request that belongs to s, which came with
// in: that goes on as it is where traces are off, or its caller has said that
// this one is not recorded.
func (s Span) Onward(in runtimespec.Trace) runtimespec.Trace {
	if s.span == nil || !s.On() && in.Parent != "" && !in.Sampled() {
		return in
	}
	c := s.span.SpanContext()
	return runtimespec.Trace{
		Parent: "00-" + c.TraceID().String() + "-" + c.SpanID().String() + "-" + c.TraceFlags().String(),
		State:  c.TraceState().String(),
	}
}

// Text, Number and Flag say something of the span.
func (s Span) Text(key, value string) {
	if s.On() && value != "" {
		s.span.SetAttributes(attribute.String(key, strings.ToValidUTF8(value, "\uFFFD")))
	}
}

func (s Span) Number(key string, n int) {
	if s.On() {
		s.span.SetAttributes(attribute.Int(key, n))
	}
}

func (s Span) Flag(key string, is bool) {
	if s.On() {
		s.span.SetAttributes(attribute.Bool(key, is))
	}
}

// Tenant says whose the span is: collectors see more than one tenant's, so it
// is the beginning of a hash of the name.
func (s Span) Tenant(name string) {
	if s.On() {
		sum := sha256.Sum256([]byte(name))
		s.Text("whiskaway.tenant", hex.EncodeToString(sum[:8]))
	}
}

// With says that s waits for, or comes from, another span.
func (s Span) With(other Span) {
	if s.On() && other.On() {
		s.span.AddLink(api.Link{SpanContext: other.span.SpanContext()})
	}
}

// Fail says that it did not come to a good end, in the word of the contract.
func (s Span) Fail(reason string) {
	if s.On() {
		s.span.SetAttributes(attribute.String("error.type", reason))
		s.span.SetStatus(codes.Error, reason)
	}
}

// End ends the span. What is said after it is not heard.
func (s Span) End() {
	if s.On() {
		s.span.End()
	}
}
