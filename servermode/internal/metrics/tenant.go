package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// OfTenant returns the metrics that are labelled with a tenant.
func (m *Metrics) OfTenant(name string) prometheus.Gatherer {
	tenant := labelValue(name, unnamed)
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		families, err := m.Registry.Gather()
		for _, f := range families {
			f.Metric = slices.DeleteFunc(f.Metric, func(one *dto.Metric) bool {
				return !slices.ContainsFunc(one.Label, func(l *dto.LabelPair) bool { return l.GetName() == "tenant" && l.GetValue() == tenant })
			})
		}
		return slices.DeleteFunc(families, func(f *dto.MetricFamily) bool { return len(f.Metric) == 0 }), err
	})
}
