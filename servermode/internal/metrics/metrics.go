// Package metrics counts for Prometheus what package function reports to its
// Observer. A function's meter holds its counters, so that a run looks nothing up.
//
// Functions with the same labels share a series, which is dropped with the last of
// them. Series are objects of their own rather than rows of a vector, so that a late
// report does not create a dropped one again. The names of a tenant are bounded in
// number and length, and cannot take the places of another tenant's. Totals by
// tenant and kind stay.
package metrics

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime"
	"runtime/debug"
	"sync"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// Bounds of the series in memory: tenants choose the names.
const (
	maxSeries       = 2000 // label sets of all tenants
	maxTenantSeries = 500  // of one, so that it cannot take the others' places
	maxLabel        = 256  // bytes of a label's value
)

// Values of labels where there is no name, or no place for it.
const (
	unnamed = "unnamed"
	sniffed = "sniffed"
	other   = "other"
)

// Metrics is the server's own registry. As a function.Observer it hands out meters.
// Functions with the same labels share their series, because a new version of an
// action keeps its name.
type Metrics struct {
	Registry *prometheus.Registry
	totals   *totals

	mu      sync.Mutex // guards what follows
	series  map[labels]*series
	tenants map[string]int // how many of them a tenant has
}

// labels are the labels of a function's series. Activations and identities are not
// among them.
type labels struct{ tenant, function, kind string }

// New returns the metrics of a server without functions.
func New() *Metrics {
	m := &Metrics{Registry: prometheus.NewRegistry(), totals: newTotals(), series: map[labels]*series{}, tenants: map[string]int{}}
	m.Registry.MustRegister(m, m.totals, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), buildInfo())
	return m
}

// Function returns the meter of a function that has become known.
func (m *Metrics) Function(key function.Key, info function.Info) function.Meter {
	want := labels{labelValue(key.Tenant, unnamed), labelValue(info.Name, unnamed), labelValue(info.Kind, sniffed)}
	total := m.totals.of(want)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.series[want] == nil {
		want = m.withinBounds(want)
	}
	mine := m.series[want]
	if mine == nil {
		mine = newSeries(want)
		m.series[want] = mine
		m.tenants[want.tenant]++
	}
	mine.functions++
	return &meter{series: mine, total: total, of: m}
}

// withinBounds returns the labels under which a new function is counted. It is
// called with mu held.
func (m *Metrics) withinBounds(want labels) labels {
	if len(m.series) < maxSeries && m.tenants[want.tenant] < maxTenantSeries {
		return want
	}
	rest := labels{want.tenant, other, other}
	if m.series[rest] != nil || len(m.series) < maxSeries+maxTenantSeries {
		return rest
	}
	return labels{"", other, other}
}

// leave drops the series with the last function that has its labels.
func (m *Metrics) leave(s *series) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.functions--; s.functions > 0 {
		return
	}
	delete(m.series, s.labels)
	if m.tenants[s.labels.tenant]--; m.tenants[s.labels.tenant] == 0 {
		delete(m.tenants, s.labels.tenant)
	}
}

// Describe describes nothing, because the series come and go.
func (m *Metrics) Describe(chan<- *prometheus.Desc) {}

// Collect gathers all series.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	all := make([]*series, 0, len(m.series))
	for _, s := range m.series {
		all = append(all, s)
	}
	m.mu.Unlock()
	for _, s := range all {
		s.collect(ch)
	}
}

// labelValue makes a label's value of any text. Two texts never get the same value,
// so a tenant that asks for its series gets no other tenant's.
func labelValue(text, none string) string {
	switch {
	case text == "":
		return none
	case len(text) <= maxLabel && utf8.ValidString(text):
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// buildInfo says which program this is.
func buildInfo() prometheus.Collector {
	version, revision := "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "whiskaway_build_info", Help: "The server's version; always 1.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
}
