package invoke

import (
	"fmt"

	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// truncated ends a log that is too long.
const truncated = "\nLogs were truncated because their total size exceeds the limit of %d bytes.\n"

// LogBudget bounds an activation's log. Its owner locks it.
type LogBudget struct {
	Max  int // bytes
	Used int
}

// Take returns the part of a text that is within the budget. A line that says so
// ends a log that exceeds it.
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

// Stages records the stages of a run or an init as spans, one after another.
type Stages struct {
	Of  trace.Span // of the request
	now trace.Span
}

var _ function.Watcher = (*Stages)(nil)

// Enter starts a stage and ends the one before.
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
