package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/whiskaway/whiskaway/servermode/internal/outcome"
)

// seconds are the histograms' buckets, from a tenth of a millisecond to five
// minutes.
var seconds = []float64{.0001, .0003, .001, .003, .01, .03, .1, .3, 1, 3, 10, 30, 60, 300}

// series are the metrics of all functions with the same labels. Meters hold them, so
// that a run looks nothing up.
type series struct {
	labels    labels
	functions int // that have these labels; guarded by Metrics.mu

	runs       [outcome.Count]prometheus.Counter
	cold, warm prometheus.Counter

	queue, run, init            prometheus.Histogram
	failed, refusals, evictions *prometheus.CounterVec // by reason or cause
}

func newSeries(l labels) *series {
	whose := prometheus.Labels{"tenant": l.tenant, "function": l.function, "kind": l.kind}
	counters := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: whose}, []string{label})
	}
	histogram := func(name, help string) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, ConstLabels: whose, Buckets: seconds})
	}
	runs := counters("whiskaway_runs_total", "Runs that a process was given, by how they ended.", "outcome")
	starts := counters("whiskaway_starts_total", "The same runs: warm if they found a process, cold if one was started for them.", "start")
	s := &series{
		labels: l, cold: starts.WithLabelValues("cold"), warm: starts.WithLabelValues("warm"),
		queue:     histogram("whiskaway_queue_seconds", "From a run's arrival until it had a process, a cold start included."),
		run:       histogram("whiskaway_run_seconds", "From then until its result."),
		init:      histogram("whiskaway_init_seconds", "Starts of processes that succeeded."),
		failed:    counters("whiskaway_init_failures_total", "Starts of processes that failed, by reason.", "reason"),
		refusals:  counters("whiskaway_refusals_total", "Runs of known functions that no process was given, by reason.", "reason"),
		evictions: counters("whiskaway_evictions_total", "Processes that were evicted, by cause.", "cause"),
	}
	for i := range s.runs {
		s.runs[i] = runs.WithLabelValues(outcome.Outcome(i).String())
	}
	return s
}

func (s *series) collect(ch chan<- prometheus.Metric) {
	for _, c := range s.runs {
		ch <- c
	}
	ch <- s.cold
	ch <- s.warm
	ch <- s.queue
	ch <- s.run
	ch <- s.init
	s.failed.Collect(ch)
	s.refusals.Collect(ch)
	s.evictions.Collect(ch)
}
