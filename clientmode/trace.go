package clientmode

import (
	"context"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/clientmode/internal/spans"
	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// openTraces begins to record spans, if the container's environment names a
// collector. Variables that make no sense cost the traces, not the function.
func (c *Client) openTraces() {
	tracer, err := spans.Open(c.cfg.Environ, c.lease, c.log)
	if err != nil {
		c.log.Error("no traces", zap.Error(err))
	}
	c.tracer = tracer
}

// flushTime is how long the last spans are given to leave.
const flushTime = 2 * time.Second

func (c *Client) closeTraces(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	c.tracer.Close(ctx)
}

// release gives the function up at its server.
func (c *Client) release(ctx context.Context, f *function) error {
	span := c.tracer.Begin("stop")
	err := f.release(ctx, span.Trace)
	span.Say("faas.name", f.name)
	if err != nil {
		span.Fail(string(runtimespec.Internal))
	}
	span.End()
	return err
}

// receive begins the span of a request of the invoker's: below its own, if it
// sends a trace context, the one thing of its headers that goes on.
func (c *Client) receive(r *http.Request, name string) spans.Span {
	return c.tracer.Receive(runtimespec.TraceOf(r.Header), name)
}

// traced is a copy of h with a trace context, and room for what an exchange adds.
func traced(h hop.Header, t runtimespec.Trace) hop.Header {
	h = h.With()
	if t.Parent != "" {
		h = append(h, hop.Field{Name: runtimespec.HeaderTrace, Value: t.Parent})
	}
	if t.State != "" {
		h = append(h, hop.Field{Name: runtimespec.HeaderTraceState, Value: t.State})
	}
	return h
}

// concluded ends a span with what its init or run came to.
func concluded(span spans.Span, f *function, out outcome) {
	if f != nil {
		span.Say("faas.name", f.name)
	}
	switch {
	case out.reason != "":
		span.Fail(string(out.reason))
	case out.status != http.StatusOK:
		span.Fail(string(runtimespec.Internal))
	}
	span.End()
}
