package loadbalancer

import (
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/exchange"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// begin begins the span of a request for work.
func (c *call) begin(t *trace.Tracer) {
	if !c.isWork() {
		return
	}
	c.Trace = runtimespec.TraceOf(c.Header)
	if c.Span = t.Receive(c.Trace, c.URL.Path[1:]); !c.Span.On() {
		return
	}
	c.Span.Text("faas.invocation_id", c.Header.Get(runtimespec.HeaderActivation))
	function := c.Header.Get(runtimespec.HeaderFunction)
	c.Span.Text("whiskaway.function", function[:min(12, len(function))])
}

// end ends it, with what the request came to.
func (c *call) end() {
	if !c.Span.On() {
		return
	}
	if c.Tenant != "" {
		c.Span.Tenant(c.Tenant)
	}
	c.Span.Text("whiskaway.server", c.Server)
	c.Span.Number("whiskaway.tries", c.Tries)
	exchange.EndSpan(c.Span, c.Result())
}

// traceID is for the log; nothing outside of a trace.
func (c *call) traceID() zap.Field {
	if id := c.Onward().Trace.ID(); id != "" {
		return zap.String("trace_id", id)
	}
	return zap.Skip()
}
