package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/whiskaway/whiskaway/servermode/internal/activation"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/zygote"
)

// Gauges are read at each scrape.
type Gauges struct {
	Table       *function.Table
	Activations *activation.Table
	CodeBytes   func() int64
	Forks       func() zygote.Stats // of Python functions
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	functionsDesc = desc("whiskaway_functions", "Functions that the server holds, by state.", "tenant", "state")
	instancesDesc = desc("whiskaway_instances", "Processes of functions.", "tenant")
	inFlightDesc  = desc("whiskaway_in_flight", "Runs being executed.")
	queuedDesc    = desc("whiskaway_queued", "Runs that wait for a process.")
	activeDesc    = desc("whiskaway_activations", "Activations in flight or remembered.")
	forksDesc     = desc("whiskaway_forks_total", "Python processes that were forked from the parent with their modules imported.")
	fallbacksDesc = desc("whiskaway_fork_fallbacks_total", "Python processes that were executed instead, by cause.", "cause")
	parentDesc    = desc("whiskaway_fork_parent_up", "Whether Python processes can be forked: 1, or 0.")
	codeDesc      = desc("whiskaway_code_cache_bytes", "Code of functions kept on disk.")
)

// Describe describes nothing, because the labels come and go.
func (g Gauges) Describe(chan<- *prometheus.Desc) {}

func (g Gauges) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(value), labels...)
	}
	for tenant, held := range g.held() {
		for state, n := range held.states {
			gauge(functionsDesc, n, tenant, function.State(state).String())
		}
		gauge(instancesDesc, held.instances, tenant)
	}
	load := g.Table.Load()
	gauge(inFlightDesc, load.InFlight.Load())
	gauge(queuedDesc, load.Queued.Load())
	g.collectForks(ch)
	gauge(activeDesc, g.Activations.Len())
	gauge(codeDesc, g.CodeBytes())
}

// collectForks collects how Python processes were started.
func (g Gauges) collectForks(ch chan<- prometheus.Metric) {
	stats := g.Forks()
	count := func(d *prometheus.Desc, n uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	count(forksDesc, stats.Forks)
	for cause, n := range stats.Fallbacks {
		count(fallbacksDesc, n, string(cause))
	}
	up := 0.0
	if stats.Up {
		up = 1
	}
	ch <- prometheus.MustNewConstMetric(parentDesc, prometheus.GaugeValue, up)
}

// held counts a tenant's functions and instances.
type held struct {
	states    [function.Draining + 1]int64
	instances int64
}

func (g Gauges) held() map[string]*held {
	out := map[string]*held{}
	for _, f := range g.Table.List("") {
		tenant := labelValue(f.Key.Tenant, unnamed)
		if out[tenant] == nil && len(out) >= maxSeries {
			tenant = ""
		}
		if out[tenant] == nil {
			out[tenant] = &held{}
		}
		if int(f.State) < len(out[tenant].states) {
			out[tenant].states[f.State]++
		}
		out[tenant].instances += int64(len(f.Instances))
	}
	return out
}
