package servermode

import (
	"errors"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

// meter counts what becomes of one function.
type meter struct {
	series *series
	total  *total
	of     *metrics
	gone   sync.Once
}

func (m *meter) Ran(r function.Ran) {
	s := m.series
	s.queue.Observe(r.Queued.Seconds())
	s.run.Observe(r.Took.Seconds())
	if r.Cold {
		s.cold.Inc()
	} else {
		s.warm.Inc()
	}
	outcome := outcomeOf(r.Result, r.Err)
	s.runs[outcome].Inc()
	m.total.runs[outcome].Inc()
}

func (m *meter) Refused(err error) {
	reason := reasonOf(err)
	m.series.refusals.WithLabelValues(reason).Inc()
	m.total.refusals.WithLabelValues(reason).Inc()
}

func (m *meter) Started(took time.Duration, err error) {
	if err != nil {
		reason := reasonOf(err)
		m.series.failed.WithLabelValues(reason).Inc()
		m.total.failed.WithLabelValues(reason).Inc()
		return
	}
	m.series.init.Observe(took.Seconds())
}

func (m *meter) Evicted(cause function.Cause) {
	m.series.evictions.WithLabelValues(string(cause)).Inc()
}

func (m *meter) Gone() { m.gone.Do(func() { m.of.leave(m.series) }) }

// outcomeOf sorts a run. What the action itself reports or throws is its own error,
// as the platform has it.
func outcomeOf(result []byte, err error) outcomeLabel {
	switch {
	case err == nil && runtimespec.IsError(result), errors.Is(err, process.ErrTooLarge), errors.As(err, new(*process.ThrownError)):
		return ranApplicationError
	case err == nil:
		return ranOK
	}
	switch asRefusal(err).Reason {
	case runtimespec.Crashed:
		return ranCrashed
	case runtimespec.TimedOut:
		return ranTimedOut
	case runtimespec.Cancelled:
		return ranCancelled
	}
	return ranError
}

// reasonOf is the contract's word for an error.
func reasonOf(err error) string {
	if reason := asRefusal(err).Reason; reason != "" {
		return string(reason)
	}
	return string(runtimespec.Internal)
}
