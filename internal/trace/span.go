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

// Span is a part of a trace; the zero value is none. It is passed as a value: a
// copy is the same span.
type Span struct {
	of   *Tracer
	span api.Span
}

// Receive starts the span of a request. It starts a trace if the request came
// without a trace context.
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

// Begin starts a trace of background work, which no request asked for.
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
	cfg.TraceID, _ = api.TraceIDFromHex(in.ID()) // the contract's package has checked it
	cfg.SpanID, _ = api.SpanIDFromHex(in.Span())
	if in.Sampled() {
		cfg.TraceFlags = api.FlagsSampled
	}
	cfg.TraceState, _ = api.ParseTraceState(in.State) // a malformed one is left out
	cfg.Remote = true
	return api.NewSpanContext(cfg)
}

// On reports whether the span is recorded, so that its attributes are worth
// computing.
func (s Span) On() bool { return s.span != nil && s.span.IsRecording() }

// Child starts a part of s. It is recorded only if s is.
func (s Span) Child(name string) Span { return s.child(name, api.SpanKindInternal) }

// Call starts a part of s that is a request to another service.
func (s Span) Call(name string) Span { return s.child(name, api.SpanKindClient) }

func (s Span) child(name string, kind api.SpanKind) Span {
	if !s.On() {
		return s
	}
	return s.of.start(api.ContextWithSpan(context.Background(), s.span), name, kind)
}

// Onward returns the trace context for a request that s sends, where in is the
// context that s came with. It returns in unchanged if traces are off or the
// caller does not record this trace.
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

// Text, Number and Flag set an attribute of the span.
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

// Tenant adds the tenant as the first digits of a hash of its name: a collector
// sees the spans of several tenants.
func (s Span) Tenant(name string) {
	if s.On() {
		sum := sha256.Sum256([]byte(name))
		s.Text("whiskaway.tenant", hex.EncodeToString(sum[:8]))
	}
}

// With links s to another span that it waits for or comes from.
func (s Span) With(other Span) {
	if s.On() && other.On() {
		s.span.AddLink(api.Link{SpanContext: other.span.SpanContext()})
	}
}

// Fail marks the span as failed, with a reason of the contract.
func (s Span) Fail(reason string) {
	if s.On() {
		s.span.SetAttributes(attribute.String("error.type", reason))
		s.span.SetStatus(codes.Error, reason)
	}
}

// End ends the span. Later changes have no effect.
func (s Span) End() {
	if s.On() {
		s.span.End()
	}
}
