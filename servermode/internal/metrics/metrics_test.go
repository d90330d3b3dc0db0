package metrics_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/metrics"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

// numbers returns the server's own series as text, such as NAME{a="b"}; of a
// histogram its count and its sum.
func numbers(t *testing.T, m *metrics.Metrics) map[string]float64 {
	t.Helper()
	all := everyNumber(t, m)
	maps.DeleteFunc(all, func(name string, _ float64) bool { return strings.HasPrefix(name, "whiskaway_tenant_") })
	return all
}

// everyNumber also returns those that stay when functions go.
func everyNumber(t *testing.T, m *metrics.Metrics) map[string]float64 {
	t.Helper()
	families, err := m.Registry.Gather()
	require.NoError(t, err)
	out := map[string]float64{}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "whiskaway_") || f.GetName() == "whiskaway_build_info" {
			continue
		}
		for _, one := range f.Metric {
			var labels []string
			for _, l := range one.Label {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			name := f.GetName() + "{" + strings.Join(labels, ",") + "}"
			if h := one.GetHistogram(); h != nil {
				out[name+" count"], out[name+" sum"] = float64(h.GetSampleCount()), h.GetSampleSum()
			} else {
				out[name] = one.GetCounter().GetValue() + one.GetGauge().GetValue()
			}
		}
	}
	return out
}

func key(tenant string, version byte) function.Key {
	return function.Key{Tenant: tenant, Identity: runtimespec.Identity{version}}
}

func TestMetrics_CountWhatBecomesOfRuns(t *testing.T) {
	m := metrics.New()
	meter := m.Function(key("alice", 1), function.Info{Name: "/guest/hello", Kind: "python:3"})
	for _, r := range []function.Ran{
		{Queued: time.Second, Took: 2 * time.Second, Cold: true},
		{Took: 3 * time.Second},
		{Err: process.ErrExited},
		{Err: fmt.Errorf("killed: %w", process.ErrExited)},
		{Err: errors.New("unknown")},
	} {
		meter.Ran(r)
	}
	meter.Refused(function.ErrSaturated)
	meter.Refused(fmt.Errorf("later: %w", function.ErrSaturated))
	meter.Refused(function.ErrExpired)
	meter.Started(time.Second, nil)
	meter.Started(time.Minute, process.ErrNotReady)
	meter.Evicted(function.CauseIdle)
	got := numbers(t, m)
	labels := `function="/guest/hello",kind="python:3",%stenant="alice"`
	for name, want := range map[string]float64{
		`whiskaway_runs_total{` + fmt.Sprintf(labels, `outcome="ok",`) + `}`:                2,
		`whiskaway_runs_total{` + fmt.Sprintf(labels, `outcome="crashed",`) + `}`:           2,
		`whiskaway_runs_total{` + fmt.Sprintf(labels, `outcome="error",`) + `}`:             1,
		`whiskaway_runs_total{` + fmt.Sprintf(labels, `outcome="timed-out",`) + `}`:         0,
		`whiskaway_runs_total{` + fmt.Sprintf(labels, `outcome="cancelled",`) + `}`:         0,
		`whiskaway_starts_total{` + fmt.Sprintf(labels, `start="cold",`) + `}`:              1,
		`whiskaway_starts_total{` + fmt.Sprintf(labels, `start="warm",`) + `}`:              4,
		`whiskaway_refusals_total{` + fmt.Sprintf(labels, `reason="saturated",`) + `}`:      2,
		`whiskaway_refusals_total{` + fmt.Sprintf(labels, `reason="expired",`) + `}`:        1,
		`whiskaway_init_failures_total{` + fmt.Sprintf(labels, `reason="timed-out",`) + `}`: 1,
		`whiskaway_evictions_total{` + `cause="idle",` + fmt.Sprintf(labels, "") + `}`:      1,
		`whiskaway_queue_seconds{` + fmt.Sprintf(labels, "") + `} count`:                    5,
		`whiskaway_queue_seconds{` + fmt.Sprintf(labels, "") + `} sum`:                      1,
		`whiskaway_run_seconds{` + fmt.Sprintf(labels, "") + `} sum`:                        5,
		`whiskaway_init_seconds{` + fmt.Sprintf(labels, "") + `} count`:                     1,
		`whiskaway_init_seconds{` + fmt.Sprintf(labels, "") + `} sum`:                       1,
	} {
		value, there := got[name]
		assert.True(t, there, "%s is not in %v", name, slices.Sorted(maps.Keys(got)))
		assert.Equal(t, want, value, name)
	}
}

func TestMetrics_GoWithTheLastFunctionOfTheirName(t *testing.T) {
	m := metrics.New()
	info := function.Info{Name: "hello", Kind: "python:3"}
	old := m.Function(key("alice", 1), info)
	old.Ran(function.Ran{})
	fresh := m.Function(key("alice", 2), info)
	elsewhere := m.Function(key("bob", 2), info)
	ok := `whiskaway_runs_total{function="hello",kind="python:3",outcome="ok",tenant="alice"}`
	old.Gone()
	old.Gone() // repeated, it counts once
	fresh.Ran(function.Ran{})
	assert.EqualValues(t, 2, numbers(t, m)[ok], "a new version goes on counting")
	fresh.Gone()
	assert.NotContains(t, numbers(t, m), ok)
	fresh.Refused(function.ErrSaturated)
	for name := range numbers(t, m) {
		assert.Contains(t, name, `tenant="bob"`, "what comes too late brings nothing back")
	}
	elsewhere.Gone()
	assert.Empty(t, numbers(t, m))
	m.Function(key("alice", 3), info)
	assert.Zero(t, numbers(t, m)[ok])
}

// sets returns how many label sets there are, by tenant.
func sets(t *testing.T, m *metrics.Metrics) map[string]int {
	t.Helper()
	out := map[string]int{}
	for name := range numbers(t, m) {
		if strings.HasPrefix(name, "whiskaway_run_seconds{") && strings.HasSuffix(name, " count") {
			_, tenant, _ := strings.Cut(name, `tenant="`)
			out[strings.TrimSuffix(tenant, `"} count`)]++
		}
	}
	return out
}

func TestMetrics_AreBounded(t *testing.T) {
	m := metrics.New()
	var all []function.Meter
	for i := range 2 * metrics.MaxSeries { // one tenant gets its share
		all = append(all, m.Function(key("greedy", 1), function.Info{Name: fmt.Sprint("f", i)}))
	}
	assert.Equal(t, map[string]int{"greedy": metrics.MaxTenantSeries + 1}, sets(t, m))
	all[len(all)-1].Ran(function.Ran{})
	assert.EqualValues(t, 1, numbers(t, m)[`whiskaway_runs_total{function="other",kind="other",outcome="ok",tenant="greedy"}`])
	m.Function(key("modest", 1), function.Info{Name: "hello"}).Ran(function.Ran{})
	assert.EqualValues(t, 1, numbers(t, m)[`whiskaway_runs_total{function="hello",kind="sniffed",outcome="ok",tenant="modest"}`], "others are still told apart")
	for i := range 3 * metrics.MaxSeries { // a token that may delegate can name any tenant
		all = append(all, m.Function(key(fmt.Sprint("t", i), 1), function.Info{}))
	}
	got := sets(t, m)
	assert.LessOrEqual(t, len(got), metrics.MaxSeries+metrics.MaxTenantSeries+1)
	assert.Equal(t, 1, got[""], "the rest")
	for _, one := range all {
		one.Gone()
	}
	assert.Equal(t, map[string]int{"modest": 1}, sets(t, m))
}

// Tenants choose the names. A label must be UTF-8, and not be an attack.
func TestMetrics_AnyNameIsALabel(t *testing.T) {
	m := metrics.New()
	long := strings.Repeat("x", 100_000)
	for _, name := range []string{"\xff\xfe", long, long + "y", "a\nb\"c", "", "{}"} {
		m.Function(key(name, 1), function.Info{Name: name, Kind: name}).Ran(function.Ran{})
	}
	got := sets(t, m)
	assert.Len(t, got, 6, "none is taken for another")
	for name := range numbers(t, m) {
		assert.Less(t, len(name), 400)
	}
}

func TestMetrics_NamesAreWhatPrometheusRecommends(t *testing.T) {
	m := metrics.New()
	meter := m.Function(key("alice", 1), function.Info{Name: "hello"})
	meter.Started(0, function.ErrUnknown)
	meter.Refused(function.ErrUnknown)
	meter.Evicted(function.CauseRoom)
	families, err := m.Registry.Gather()
	require.NoError(t, err)
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	require.NoError(t, err)
	assert.Empty(t, problems)
}

func TestMetrics_CountFromManySides(t *testing.T) {
	m := metrics.New()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 100 {
				meter := m.Function(key("alice", byte(i)), function.Info{Name: "hello"})
				meter.Ran(function.Ran{})
				meter.Refused(function.ErrSaturated)
				_, err := m.Registry.Gather()
				assert.NoError(t, err)
				meter.Gone()
			}
		})
	}
	all.Wait()
	assert.Empty(t, numbers(t, m), "no function, no series")
}

// What functions did is not lost with them: sums over time stay.
func TestMetrics_TotalsStay(t *testing.T) {
	m := metrics.New()
	for version := range byte(3) {
		meter := m.Function(key("alice", version), function.Info{Name: fmt.Sprint("f", version), Kind: "python:3"})
		meter.Ran(function.Ran{Result: []byte(`{"n":1}`)})
		meter.Ran(function.Ran{Result: []byte(` { "a" : {"error":1}, "error" :{"statusCode":404}}`)})
		meter.Ran(function.Ran{Err: &process.ThrownError{Message: "sorry"}})
		meter.Ran(function.Ran{Err: process.ErrExited})
		meter.Refused(function.ErrSaturated)
		meter.Started(time.Second, process.ErrNotReady)
		meter.Gone()
	}
	assert.Empty(t, numbers(t, m))
	got := everyNumber(t, m)
	of := `{kind="python:3",%s,tenant="alice"}`
	for name, want := range map[string]float64{
		"whiskaway_tenant_runs_total" + fmt.Sprintf(of, `outcome="ok"`):                3,
		"whiskaway_tenant_runs_total" + fmt.Sprintf(of, `outcome="application-error"`): 6,
		"whiskaway_tenant_runs_total" + fmt.Sprintf(of, `outcome="crashed"`):           3,
		"whiskaway_tenant_refusals_total" + fmt.Sprintf(of, `reason="saturated"`):      3,
		"whiskaway_tenant_init_failures_total" + fmt.Sprintf(of, `reason="timed-out"`): 3,
	} {
		value, there := got[name]
		assert.True(t, there, "%s is not in %v", name, slices.Sorted(maps.Keys(got)))
		assert.Equal(t, want, value, name)
	}
}

func TestMetrics_TotalsAreBounded(t *testing.T) {
	m := metrics.New()
	for i := range 1000 {
		m.Function(key("greedy", 1), function.Info{Kind: fmt.Sprint("native:", i)}).Gone()
	}
	for i := range 3 * metrics.MaxSeries {
		m.Function(key(fmt.Sprint("t", i), 1), function.Info{Kind: "go:1"}).Ran(function.Ran{})
	}
	all, greedy := 0, 0
	for name, n := range everyNumber(t, m) {
		if strings.HasPrefix(name, "whiskaway_tenant_runs_total{") && strings.Contains(name, `outcome="ok"`) {
			all++
			if strings.Contains(name, "greedy") {
				greedy++
			}
			if strings.Contains(name, `tenant=""`) {
				assert.Positive(t, n)
			}
		}
	}
	assert.Equal(t, 33, greedy)
	assert.Equal(t, metrics.MaxSeries+1, all)
}
