package servermode

import (
	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// openTraces begins to record spans, if the environment names a collector.
func (s *Server) openTraces() (err error) {
	s.tracer, err = trace.Open("whiskaway-servermode", s.incarnation, s.log)
	return err
}

// line is what a process is given of a run: its body with the trace, as one line.
func (s *Server) line(c *call, key function.Key, body []byte) []byte {
	if c.Span.On() {
		c.Span.Text("faas.name", s.table.Info(key).Name)
	}
	return asLine(c.Onward().Trace.Into(body))
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
