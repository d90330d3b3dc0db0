package loadbalancer

import (
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/autoscale"
)

// startHosts has hosts come and go from now on, if the owner has a hook for it.
func (b *Balancer) startHosts() {
	if b.cfg.Hosts.Hook == "" {
		return
	}
	counted := b.saturated.Load()
	b.hosts = &autoscale.Keeper{
		Settings: b.hostSettings,
		Signals: func() autoscale.Signals {
			s, total := b.signals(), b.saturated.Load()
			s.Refused, counted = int(total-counted), total
			return s
		},
		Drain:  func(h autoscale.Host) { b.carryOut(b.state.BeginScaleIn(h.Name, time.Now())) },
		Resume: func(h autoscale.Host) { b.carryOut(b.state.CancelScaleIn(h.Name)) },
		Ending: func(h autoscale.Host) bool { return b.state.ConfirmScaleIn(h.Name) },
		Acted:  b.metrics.acted, Log: b.log,
	}
	b.metrics.keep(b.hosts)
	b.hosts.Start(b.work, b.work.Go)
}

func (b *Balancer) hostSettings() autoscale.Settings {
	now := b.settings()
	h := now.Hosts
	return autoscale.Settings{
		Config: autoscale.Config{
			Min: h.Min, Max: h.Max, Busy: float64(h.Busy) / 100,
			UpAfter: h.UpAfter, DownAfter: h.DownAfter, CoolDown: h.CoolDown, DrainFor: h.DrainFor,
		},
		Hook: now.hook, Every: h.Every, Timeout: h.Timeout,
	}
}

// signals are all servers as they are believed to be. Where a server's report is
// stale, only what this balancer has sent there is known.
func (b *Balancer) signals() (s autoscale.Signals) {
	cfg, now := b.settings(), time.Now()
	fresh := now.Add(-cfg.CheckEvery - cfg.CheckTimeout) // a server that is well has said something since
	for _, v := range b.state.View(now) {
		load, queued, stale := v.Load, v.Reported.Queued, v.ReportedAt.Before(fresh)
		if stale {
			load, queued = v.Sent, 0
		}
		queued = max(queued, load-v.Slots)
		s.Hosts = append(s.Hosts, autoscale.Host{
			Name: v.Name, URL: v.URL, Ready: v.Available, Leaving: v.ScalingIn, Fixed: v.Fixed, Stale: stale,
			InFlight: max(0, load-queued), Slots: v.Slots, Queued: queued, Loading: v.Inits + v.Moving, // it still gets the runs of those that move
		})
	}
	_, _, s.Waiting = b.state.Counts()
	return s
}
