package trace

import "github.com/prometheus/client_golang/prometheus"

// Counters count what became of spans; name is that of the metric. Without a
// collector they stay zero.
func (t *Tracer) Counters(name string) []prometheus.Collector {
	counter := func(outcome string, read func() float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: name, Help: "Spans of traces, by whether the collector took them.",
			ConstLabels: prometheus.Labels{"outcome": outcome},
		}, read)
	}
	return []prometheus.Collector{
		counter("sent", func() float64 { sent, _ := t.Counts(); return sent }),
		counter("dropped", func() float64 { _, dropped := t.Counts(); return dropped }),
	}
}
