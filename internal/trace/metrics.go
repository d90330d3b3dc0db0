package trace

import "github.com/prometheus/client_golang/prometheus"

// Counters returns a metric of the outcomes of spans. read is [Tracer.Counts]
// of a tracer that may not exist yet.
func Counters(name string, read func() (sent, dropped float64)) []prometheus.Collector {
	counter := func(outcome string, value func() float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: name, Help: "Spans of traces, by whether the collector took them.",
			ConstLabels: prometheus.Labels{"outcome": outcome},
		}, value)
	}
	return []prometheus.Collector{
		counter("sent", func() float64 { sent, _ := read(); return sent }),
		counter("dropped", func() float64 { _, dropped := read(); return dropped }),
	}
}
