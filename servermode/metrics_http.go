package servermode

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
)

// pathMetrics is no part of the contract: it is for the owner's Prometheus.
const pathMetrics = "/metrics"

// showMetrics answers with the server's numbers: with all of them to a token
// that may delegate, or where there is one tenant only; else with those that
// are labelled with the caller's tenant.
func (s *Server) showMetrics(c *call) error {
	var numbers prometheus.Gatherer = s.metrics.registry
	named := c.NamesTenant()
	if named || !c.Grant.Delegate && s.settings().Tokens.Several() {
		numbers = ofTenant(numbers, labelValue(c.Tenant, unnamed))
	}
	// What is wrong with one number must not cost the others.
	s.endpoint.Sign(c.W.Header())
	promhttp.HandlerFor(numbers, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}).ServeHTTP(c.W, c.Request)
	return nil
}

// ofTenant leaves what has no label of the tenant's out.
func ofTenant(all prometheus.Gatherer, tenant string) prometheus.GathererFunc {
	return func() ([]*dto.MetricFamily, error) {
		families, err := all.Gather()
		for _, f := range families {
			f.Metric = slices.DeleteFunc(f.Metric, func(m *dto.Metric) bool {
				return !slices.ContainsFunc(m.Label, func(l *dto.LabelPair) bool { return l.GetName() == "tenant" && l.GetValue() == tenant })
			})
		}
		return slices.DeleteFunc(families, func(f *dto.MetricFamily) bool { return len(f.Metric) == 0 }), err
	}
}
