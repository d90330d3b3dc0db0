package loadbalancer

import (
	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// openTraces begins to record spans, if the environment names a collector.
func (b *Balancer) openTraces() (err error) {
	b.tracer, err = trace.Open("whiskaway-loadbalancer", b.id, b.log)
	return err
}

// observe begins the span of a run's request to a server.
func (r *flight) observe(s *backend) trace.Span {
	span := r.c.Span.Call("run at server")
	if span.On() {
		span.Text("whiskaway.server", s.name)
		span.Text("whiskaway.policy", r.b.settings().Policy)
		span.Text("whiskaway.why", r.why.String())
		span.Flag("faas.coldstart", r.load != nil)
	}
	return span
}

// observed ends it. An answer that was relayed is told by what it says.
func (r *flight) observed(err error) {
	switch {
	case err != nil:
		endpoint.EndSpan(r.span, string(reasonOf(err)))
	case r.c.Whole:
		endpoint.EndSpan(r.span, r.c.Result())
	default:
		endpoint.EndSpan(r.span, endpoint.OutcomeCut)
	}
}

// ended ends the span of an init.
func (l *loading) ended() {
	switch {
	case l.err != nil:
		endpoint.EndSpan(l.span, string(runtimespec.StartFailed))
	case l.answer.ok():
		endpoint.EndSpan(l.span, endpoint.OutcomeOK)
	default:
		endpoint.EndSpan(l.span, string(l.answer.reason))
	}
}

// waited ends the span of a run's wait for an init.
func (r *flight) waited(span trace.Span, err error) {
	if err != nil {
		endpoint.EndSpan(span, string(reasonOf(err)))
	}
	span.End()
}
