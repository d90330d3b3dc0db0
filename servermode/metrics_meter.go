package servermode

import (
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// meter counts what becomes of one function.
type meter struct {
	series *series
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
	s.runs[outcomeOf(r.Err)].Inc()
}

func (m *meter) Refused(err error) { m.series.refusals.WithLabelValues(reasonOf(err)).Inc() }

func (m *meter) Started(took time.Duration, err error) {
	if err != nil {
		m.series.failed.WithLabelValues(reasonOf(err)).Inc()
		return
	}
	m.series.init.Observe(took.Seconds())
}

func (m *meter) Evicted(cause function.Cause) {
	m.series.evictions.WithLabelValues(string(cause)).Inc()
}

func (m *meter) Gone() { m.gone.Do(func() { m.of.leave(m.series) }) }

func outcomeOf(err error) outcomeLabel {
	if err == nil {
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
