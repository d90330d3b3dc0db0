package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/whiskaway/whiskaway/servermode/internal/outcome"
)

// maxTenantKinds is how many kinds of a tenant have totals of their own: an author
// may call a kind many names.
const maxTenantKinds = 32

// totals are the server's metrics by tenant and kind. They stay when functions go,
// so that sums over time lose nothing.
type totals struct {
	mu      sync.Mutex // guards what follows
	all     map[labels]*total
	tenants map[string]int // how many of them a tenant has
}

// total counts one tenant's functions of one kind.
type total struct {
	runs             [outcome.Count]prometheus.Counter
	failed, refusals *prometheus.CounterVec // by reason
}

func newTotals() *totals { return &totals{all: map[labels]*total{}, tenants: map[string]int{}} }

// of returns the total in which a function is counted. Tenants choose the names, and
// nothing here is dropped. So beyond the bounds kinds are counted together, then
// tenants.
func (t *totals) of(function labels) *total {
	want := labels{tenant: function.tenant, kind: function.kind}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all[want] == nil && t.tenants[want.tenant] >= maxTenantKinds {
		want.kind = other
	}
	if t.all[want] == nil && len(t.all) >= maxSeries {
		want = labels{kind: other}
	}
	mine := t.all[want]
	if mine == nil {
		mine = newTotal(want)
		t.all[want] = mine
		t.tenants[want.tenant]++
	}
	return mine
}

func newTotal(l labels) *total {
	whose := prometheus.Labels{"tenant": l.tenant, "kind": l.kind}
	counters := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: whose}, []string{label})
	}
	runs := counters("whiskaway_tenant_runs_total", "Runs that a process was given since the server's start, by how they ended.", "outcome")
	t := &total{
		failed:   counters("whiskaway_tenant_init_failures_total", "Starts of processes that failed since the server's start, by reason.", "reason"),
		refusals: counters("whiskaway_tenant_refusals_total", "Runs of known functions that no process was given since the server's start, by reason.", "reason"),
	}
	for i := range t.runs {
		t.runs[i] = runs.WithLabelValues(outcome.Outcome(i).String())
	}
	return t
}

// Describe describes nothing, because tenants and kinds are not known in advance.
func (t *totals) Describe(chan<- *prometheus.Desc) {}

// Collect gathers them all.
func (t *totals) Collect(ch chan<- prometheus.Metric) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, one := range t.all {
		for _, c := range one.runs {
			ch <- c
		}
		one.failed.Collect(ch)
		one.refusals.Collect(ch)
	}
}
