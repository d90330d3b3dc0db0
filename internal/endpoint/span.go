package endpoint

import (
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// beginSpan begins the span of a request for work.
func (c *Call) beginSpan() {
	if !c.IsWork() {
		return
	}
	c.Trace = runtimespec.TraceOf(c.Header)
	if c.Span = c.endpoint.Tracer.Receive(c.Trace, c.URL.Path[1:]); !c.Span.On() {
		return
	}
	c.Span.Text("faas.invocation_id", c.HeaderValue(runtimespec.HeaderActivation))
	c.Span.Text("whiskaway.function", c.shortFunction())
}

func (c *Call) endSpan() {
	if !c.Span.On() {
		return
	}
	if c.Tenant != "" {
		c.Span.Tenant(c.Tenant)
	}
	if c.Tries > 0 {
		c.Span.Text("whiskaway.server", c.Server)
		c.Span.Number("whiskaway.tries", c.Tries)
	}
	exchange.EndSpan(c.Span, c.Result())
}

// TraceID returns the trace's id for the log, and nothing outside a trace.
func (c *Call) TraceID() zap.Field {
	if id := c.Onward().Trace.ID(); id != "" {
		return zap.String("trace_id", id)
	}
	return zap.Skip()
}
