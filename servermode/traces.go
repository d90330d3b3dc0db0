package servermode

import (
	"cmp"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// openTraces begins to record spans, if the environment names a collector.
func (s *Server) openTraces() (err error) {
	s.tracer, err = trace.Open("whiskaway-servermode", s.incarnation, s.log)
	return err
}

// beginSpan begins the span of a request for work.
func (s *Server) beginSpan(c *call) {
	switch c.URL.Path {
	case runtimespec.PathInit, runtimespec.PathRun, runtimespec.PathStop:
	default:
		return
	}
	c.trace = runtimespec.TraceOf(c.Header)
	if c.span = s.tracer.Receive(c.trace, c.URL.Path[1:]); !c.span.On() {
		return
	}
	c.span.Text("faas.invocation_id", c.Header.Get(runtimespec.HeaderActivation))
	c.span.Text("faas.instance", s.incarnation)
	function := c.Header.Get(runtimespec.HeaderFunction)
	c.span.Text("whiskaway.function", function[:min(12, len(function))])
}

func (c *call) endSpan() {
	if c.span.On() && c.tenant != "" {
		c.span.Tenant(c.tenant)
	}
	c.span.End()
}

// failed says in the span why the request failed, unless that is a step of every
// init or run: code that is asked for, a function that is told again.
func (c *call) failed(reason runtimespec.Reason) {
	reason = cmp.Or(reason, runtimespec.Internal)
	c.span.Text("whiskaway.outcome", string(reason))
	switch reason {
	case runtimespec.CodeNeeded, runtimespec.UnknownFunction:
	default:
		c.span.Fail(string(reason))
	}
}

// traceID is for the log; nothing outside of a trace.
func (c *call) traceID() zap.Field {
	if id := c.span.Onward(c.trace).ID(); id != "" {
		return zap.String("trace_id", id)
	}
	return zap.Skip()
}

// line is what a process is given of a run: its body with the trace, as one line.
func (s *Server) line(c *call, key function.Key, body []byte) []byte {
	if c.span.On() {
		c.span.Text("faas.name", s.table.Info(key).Name)
	}
	return asLine(c.span.Onward(c.trace).Into(body))
}

// stages are the spans of what a run or an init goes through, one after another.
type stages struct {
	of, now trace.Span
}

var _ function.Watcher = (*stages)(nil)

// Enter begins a stage and ends the one before.
func (s *stages) Enter(stage function.Stage) {
	if !s.of.On() {
		return
	}
	s.now.End()
	s.now = s.of.Child(string(stage))
	if stage == function.StageStart {
		s.of.Flag("faas.coldstart", true)
	}
}

// leave ends the last stage.
func (s *stages) leave() { s.now.End() }
