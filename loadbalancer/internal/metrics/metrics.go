// Package metrics is what a balancer tells Prometheus.
package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/autoscale"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/queue"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Sources are what is read for each answer.
type Sources struct {
	Servers   func() []state.View
	Counts    func() (servers, functions, queued int)
	Totals    func() autoscale.Totals // over servers that get work
	Policy    func() string           // its name
	InFlight  func() int              // inits and runs
	DiskFull  func() bool
	Saturated func() uint64 // inits and runs that found no room
	Spans     func() (sent, dropped float64)
}

// Metrics are the balancer's own registry. Counters of requests are there for
// good; what is told of a server goes with it. No label is a function's: what
// those do is told by the servers.
type Metrics struct {
	Registry  *prometheus.Registry
	picks     [policy.Spread + 1]prometheus.Counter
	requests  *prometheus.CounterVec
	tenants   *tenantTotals
	retries   *prometheus.CounterVec
	inits     *prometheus.CounterVec
	init      prometheus.Histogram
	overhead  prometheus.Histogram
	ejections prometheus.Counter
	hosts     *prometheus.CounterVec

	waited       prometheus.Histogram
	queueRefused *prometheus.CounterVec
}

// overheadBuckets are seconds, from ten microseconds to a second.
var overheadBuckets = []float64{.00001, .00003, .0001, .0003, .001, .003, .01, .03, .1, .3, 1}

// New returns metrics of which all are zero.
func New(from Sources) *Metrics {
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &Metrics{
		Registry:  prometheus.NewRegistry(),
		requests:  counters("whiskaway_balancer_requests_total", "Inits, runs and stops that were answered, by outcome: ok, error, or a reason.", "request", "outcome"),
		retries:   counters("whiskaway_balancer_retries_total", "Runs that a server had not started and that went to another, by reason.", "reason"),
		inits:     counters("whiskaway_balancer_inits_total", "Inits of functions at servers.", "outcome"),
		init:      prometheus.NewHistogram(prometheus.HistogramOpts{Name: "whiskaway_balancer_init_seconds", Help: "What those took.", Buckets: []float64{.003, .01, .03, .1, .3, 1, 3, 10, 30, 60, 300}}),
		overhead:  prometheus.NewHistogram(prometheus.HistogramOpts{Name: "whiskaway_balancer_overhead_seconds", Help: "Overhead that the balancer adds to a run: its time less that at its server and in the queue.", Buckets: overheadBuckets}),
		ejections: prometheus.NewCounter(prometheus.CounterOpts{Name: "whiskaway_balancer_ejections_total", Help: "Servers that were left out for a while because they failed."}),
	}
	m.hosts = counters("whiskaway_balancer_hosts_actions_total", "Actions that had hosts come and go: up and down by the owner's hook, drain and resume before.", "action", "outcome")
	saturated := prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "whiskaway_balancer_saturated_total", Help: "Inits and runs that found no room, neither here nor at any server that was asked."},
		func() float64 { return float64(from.Saturated()) })
	m.waited = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "whiskaway_balancer_queue_seconds", Help: "What runs waited until a server had room for them, of those that had to.", Buckets: []float64{.001, .003, .01, .03, .1, .3, 1, 3, 10, 30, 60}})
	m.queueRefused = counters("whiskaway_balancer_queue_refused_total", "Runs that found no server and were refused, by cause: full, tenant and bytes had no place to wait, time waited for too long.", "cause")
	for _, cause := range []string{string(queue.Full), string(queue.Tenant), string(queue.Bytes), string(queue.Late)} {
		m.queueRefused.WithLabelValues(cause)
	}
	picks := counters("whiskaway_balancer_picks_total", "Choices of a server for a run, by what they were made for: warm ones found the function there.", "why")
	for why := range m.picks {
		m.picks[why] = picks.WithLabelValues(policy.Why(why).String())
	}
	m.Registry.MustRegister(trace.Counters("whiskaway_balancer_spans_total", from.Spans)...)
	m.tenants = newTenantTotals(counters("whiskaway_balancer_tenant_requests_total", "Inits and runs of a tenant that were answered, by outcome: ok, error, or a reason. Of many tenants, the later ones are one: other.", "tenant", "request", "outcome"))
	m.Registry.MustRegister(picks, m.tenants.counts, m.requests, m.retries, m.inits, m.init, m.overhead, m.ejections, saturated, m.waited, m.queueRefused, gauges{from}, sums{from},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Picked counts a choice of a server.
func (m *Metrics) Picked(why policy.Why) { m.picks[why].Inc() }

// Queued counts a run that was queued until a server was found.
func (m *Metrics) Queued(waited time.Duration) { m.waited.Observe(waited.Seconds()) }

// QueueRefused counts a run that may not be queued, or any longer.
func (m *Metrics) QueueRefused(cause queue.Cause) {
	m.queueRefused.WithLabelValues(string(cause)).Inc()
}

// Retried counts a run that a server has not started.
func (m *Metrics) Retried(reason string) {
	if !runtimespec.Reason(reason).Known() && reason != "not-sent" {
		reason = "other"
	}
	m.retries.WithLabelValues(reason).Inc()
}

// InitDone counts an init at a server.
func (m *Metrics) InitDone(ready bool, took time.Duration) {
	if !ready {
		m.inits.WithLabelValues("failed").Inc()
		return
	}
	m.inits.WithLabelValues("ok").Inc()
	m.init.Observe(took.Seconds())
}

// Ejected counts a server that is left out for a while.
func (m *Metrics) Ejected() { m.ejections.Inc() }

// Answered counts an init, a run or a stop of a tenant that was answered; overhead is
// what the balancer added to a run, 0: it is none, or was at no server.
func (m *Metrics) Answered(request, tenant, outcome string, overhead time.Duration) {
	m.requests.WithLabelValues(request, outcome).Inc()
	if overhead > 0 {
		m.overhead.Observe(overhead.Seconds())
	}
	if request != "stop" {
		m.tenants.count(tenant, request, outcome)
	}
}

// gauges are read for each answer.
type gauges struct{ Sources }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	policyDesc    = desc("whiskaway_balancer_policy", "1 for the policy that decides.", "policy")
	stateDesc     = desc("whiskaway_balancer_server_state", "1 for the state that a server is in.", "server", "state")
	sentDesc      = desc("whiskaway_balancer_server_sent", "Runs in flight that this balancer has sent to a server.", "server")
	loadDesc      = desc("whiskaway_balancer_server_load", "Runs that are executed or wait at a server, as it said last.", "server")
	slotsDesc     = desc("whiskaway_balancer_server_slots", "Runs that a server executes at once, as it said last.", "server")
	functionsDesc = desc("whiskaway_balancer_functions", "Functions that the balancer knows.")
	queuedDesc    = desc("whiskaway_balancer_queued", "Runs in flight that wait for a server with room.")
	inFlightDesc  = desc("whiskaway_balancer_in_flight", "Inits and runs in flight.")
	serverDesc    = desc("whiskaway_balancer_server_runs_total", "Runs sent to a server since it was added, by outcome: answered, refused, failed or left by their callers.", "server", "outcome")
	diskDesc      = desc("whiskaway_balancer_disk_full", "1 while the disk with the state folder is full.")
)

func (g gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{policyDesc, stateDesc, sentDesc, loadDesc, slotsDesc, functionsDesc, queuedDesc, inFlightDesc, serverDesc, diskDesc} {
		ch <- d
	}
}

func (g gauges) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(value), labels...)
	}
	gauge(policyDesc, 1, g.Policy())
	for _, s := range g.Servers() {
		gauge(stateDesc, 1, s.Name, s.Health.String())
		gauge(sentDesc, s.Sent, s.Name)
		gauge(loadDesc, s.Reported.InFlight+s.Reported.Queued, s.Name)
		gauge(slotsDesc, s.Reported.Slots, s.Name)
		for outcome, n := range s.Runs {
			ch <- prometheus.MustNewConstMetric(serverDesc, prometheus.CounterValue, float64(n), s.Name, outcomes[outcome])
		}
	}
	full := 0
	if g.DiskFull() {
		full = 1
	}
	gauge(diskDesc, full)
	_, functions, queued := g.Counts()
	gauge(functionsDesc, functions)
	gauge(queuedDesc, queued)
	gauge(inFlightDesc, g.InFlight())
}
