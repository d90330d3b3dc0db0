package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// maxTenants bounds the tenants that have series of their own: a token that may
// delegate names as many as it likes.
const maxTenants = 256

// tenantTotals count what tenants ask for. They never vanish.
type tenantTotals struct {
	counts *prometheus.CounterVec

	mu    sync.Mutex // guards what follows
	named map[string]bool
}

func newTenantTotals(counts *prometheus.CounterVec) *tenantTotals {
	return &tenantTotals{counts: counts, named: map[string]bool{}}
}

// count counts a request; one without a known token is of no tenant, and not counted.
func (t *tenantTotals) count(tenant, request, outcome string) {
	if tenant == "" {
		return
	}
	t.mu.Lock()
	if !t.named[tenant] {
		if len(t.named) < maxTenants {
			t.named[tenant] = true
		} else {
			tenant = "other"
		}
	}
	t.mu.Unlock()
	t.counts.WithLabelValues(tenant, request, outcome).Inc()
}

// outcomes are what runs at servers come to, as labels.
var outcomes = [policy.Left + 1]string{policy.Answered: "answered", policy.Refused: "refused", policy.Failed: "failed", policy.Left: "left"}
