package metrics

import (
	"cmp"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/outcome"
)

// meter counts what becomes of one function.
type meter struct {
	series *series
	total  *total
	of     *Metrics
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
	ended := outcome.Of(r.Result, r.Err)
	s.runs[ended].Inc()
	m.total.runs[ended].Inc()
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

// reasonOf returns the contract's word for an error.
func reasonOf(err error) string {
	return string(cmp.Or(outcome.Refusal(err).Reason, runtimespec.Internal))
}
