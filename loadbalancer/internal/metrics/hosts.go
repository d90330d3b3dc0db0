package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/autoscale"
)

// Autoscale has what an autoscaler does shown, from zero on.
func (m *Metrics) Autoscale(k *autoscale.Keeper) {
	for _, kind := range []autoscale.Kind{autoscale.Up, autoscale.Drain, autoscale.Resume, autoscale.Down} {
		m.hosts.WithLabelValues(kind.String(), "ok")
	}
	m.hosts.WithLabelValues(autoscale.Up.String(), "failed")
	m.hosts.WithLabelValues(autoscale.Down.String(), "failed")
	m.Registry.MustRegister(m.hosts, keeperGauges{k})
}

// Acted counts an action that had hosts come or go.
func (m *Metrics) Acted(kind autoscale.Kind, err error) {
	outcome := "ok"
	if err != nil {
		outcome = "failed"
	}
	m.hosts.WithLabelValues(kind.String(), outcome).Inc()
}

// keeperGauges are read for each answer.
type keeperGauges struct{ k *autoscale.Keeper }

var keeperDesc = desc("whiskaway_balancer_hosts_state", "1 for what is under way with hosts that come and go.", "state")

func (g keeperGauges) Describe(ch chan<- *prometheus.Desc) { ch <- keeperDesc }

func (g keeperGauges) Collect(ch chan<- prometheus.Metric) {
	now := g.k.State()
	for _, state := range autoscale.States() {
		value := 0.0
		if state == now {
			value = 1
		}
		ch <- prometheus.MustNewConstMetric(keeperDesc, prometheus.GaugeValue, value, state)
	}
}

// sums are over all servers that are given work: what an autoscaler goes by, also where
// there is none. What is queued here is a gauge of its own: with several balancers only
// that is added up.
type sums struct{ Sources }

var (
	fleetServersDesc = desc("whiskaway_balancer_fleet_servers", "Servers that are given work.")
	fleetSlotsDesc   = desc("whiskaway_balancer_fleet_slots", "Runs that those execute at once.")
	fleetRunningDesc = desc("whiskaway_balancer_fleet_running", "Runs that are executed there, also those of other balancers.")
	fleetWaitingDesc = desc("whiskaway_balancer_fleet_waiting", "Runs that wait there, also those of other balancers.")
)

func (s sums) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{fleetServersDesc, fleetSlotsDesc, fleetRunningDesc, fleetWaitingDesc} {
		ch <- d
	}
}

func (s sums) Collect(ch chan<- prometheus.Metric) {
	t := s.Totals()
	for d, value := range map[*prometheus.Desc]int{fleetServersDesc: t.Ready, fleetSlotsDesc: t.Slots, fleetRunningDesc: t.InFlight, fleetWaitingDesc: t.Queued} {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(value))
	}
}
