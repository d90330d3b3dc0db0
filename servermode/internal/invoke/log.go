package invoke

import (
	"fmt"

	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// truncated ends a log that is too long.
const truncated = "\nLogs were truncated because their total size exceeds the limit of %d bytes.\n"

// LogBudget bounds an activation's log. Its owner's lock guards it.
type LogBudget struct {
	Max  int // bytes
	Used int
}

// Take returns what of a text is within the budget. Where it ends there is a line
// that says so.
func (b *LogBudget) Take(text []byte) []byte {
	left := b.Max - b.Used
	if left < 0 {
		return nil
	}
	b.Used += len(text)
	if len(text) > left {
		return fmt.Appendf(text[:left:left], truncated, b.Max)
	}
	return text
}

// Stages are the spans of what a run or an init goes through, one after another.
type Stages struct {
	Of  trace.Span // of the request
	now trace.Span
}

var _ function.Watcher = (*Stages)(nil)

// Enter begins a stage and ends the one before.
func (s *Stages) Enter(stage function.Stage) {
	if !s.Of.On() {
		return
	}
	s.now.End()
	s.now = s.Of.Child(string(stage))
	if stage == function.StageStart {
		s.Of.Flag("faas.coldstart", true)
	}
}

// Leave ends the last stage.
func (s *Stages) Leave() { s.now.End() }
