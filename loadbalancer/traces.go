package loadbalancer

import (
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// openTraces begins to record spans, if the environment names a collector.
func (b *Balancer) openTraces() (err error) {
	b.tracer, err = trace.Open("whiskaway-loadbalancer", b.id, b.log)
	return err
}

// begin begins the span of a request for work.
func (c *call) begin(t *trace.Tracer) {
	if !c.isWork() {
		return
	}
	c.trace = runtimespec.TraceOf(c.Header)
	if c.span = t.Receive(c.trace, c.URL.Path[1:]); !c.span.On() {
		return
	}
	c.span.Text("faas.invocation_id", c.Header.Get(runtimespec.HeaderActivation))
	function := c.Header.Get(runtimespec.HeaderFunction)
	c.span.Text("whiskaway.function", function[:min(12, len(function))])
}

// end ends it, with what the request came to.
func (c *call) end() {
	if !c.span.On() {
		return
	}
	if c.tenant != "" {
		c.span.Tenant(c.tenant)
	}
	c.span.Text("whiskaway.server", c.server)
	c.span.Number("whiskaway.tries", c.tries)
	fail(c.span, c.result())
	c.span.End()
}

// fail says what a span came to, unless that is a step of every init or run:
// code that is asked for, a function that is told again.
func fail(s trace.Span, outcome string) {
	s.Text("whiskaway.outcome", outcome)
	switch outcome {
	case "ok", string(runtimespec.CodeNeeded), string(runtimespec.UnknownFunction):
	default:
		s.Fail(outcome)
	}
}

// onward is the way of what is asked of servers for the call.
func (c *call) onward() way { return way{c.hops, c.span.Onward(c.trace)} }

// traceID is for the log; nothing outside of a trace.
func (c *call) traceID() zap.Field {
	if id := c.span.Onward(c.trace).ID(); id != "" {
		return zap.String("trace_id", id)
	}
	return zap.Skip()
}

// observe begins the span of a run's request to a server.
func (r *flight) observe(s *backend) trace.Span {
	span := r.c.span.Call("run at server")
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
	case !r.span.On():
		return
	case err != nil:
		fail(r.span, string(asRefusal(err).Reason))
	case r.c.whole:
		fail(r.span, r.c.result())
	default:
		fail(r.span, outcomeCut)
	}
	r.span.End()
}

// ended ends the span of an init.
func (l *loading) ended() {
	switch {
	case !l.span.On():
		return
	case l.err != nil:
		fail(l.span, string(runtimespec.StartFailed))
	case l.answer.ok():
		fail(l.span, "ok")
	default:
		fail(l.span, string(l.answer.reason))
	}
	l.span.End()
}

// waited ends the span of a run's wait for an init.
func (r *flight) waited(span trace.Span, err error) {
	if err != nil && span.On() {
		fail(span, string(asRefusal(err).Reason))
	}
	span.End()
}
