package loadbalancer

import (
	"context"
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/hosts"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// keeping is the keeper of hosts at work, where there is a hook.
type keeping struct {
	*hosts.Keeper
	stop context.CancelFunc // it looks no more, and a hook at work may end
	done chan struct{}      // closed when it has
}

// keepHosts has hosts come and go from now on, if the owner has a hook for it.
func (b *Balancer) keepHosts() {
	if b.cfg.Hosts.Hook == "" {
		return
	}
	counted := b.noRoom.Load()
	k := &hosts.Keeper{
		Settings: b.hostSettings,
		Signals: func() hosts.Signals {
			s, total := b.signals(), b.noRoom.Load()
			s.Refused, counted = int(total-counted), total
			b.mu.Lock()
			defer b.mu.Unlock()
			s.Waiting = b.line.Len()
			return s
		},
		Drain: b.letGo, Resume: b.takeBack, Ending: b.giveUpHost, Acted: b.metrics.acted, Log: b.log,
	}
	look, stop := context.WithCancel(b.base)
	b.keeping = &keeping{k, stop, make(chan struct{})}
	b.metrics.keep(k)
	b.work.Go(func() {
		defer close(b.keeping.done)
		k.Run(look, b.base)
	})
}

// stopKeeping begins to end that; wait waits for a hook at work until ctx ends.
func (b *Balancer) stopKeeping() (wait func(ctx context.Context)) {
	if b.keeping == nil {
		return func(context.Context) {}
	}
	b.keeping.stop()
	return func(ctx context.Context) {
		select {
		case <-b.keeping.done:
		case <-ctx.Done():
		}
	}
}

func (b *Balancer) hostSettings() hosts.Settings {
	now := b.settings()
	h := now.Hosts
	return hosts.Settings{
		Config: hosts.Config{
			Min: h.Min, Max: h.Max, Busy: float64(h.Busy) / 100,
			UpAfter: h.UpAfter, DownAfter: h.DownAfter, CoolDown: h.CoolDown, DrainFor: h.DrainFor,
		},
		Hook: now.hook, Every: h.Every, Timeout: h.Timeout,
	}
}

// signals are all servers as they are believed to be.
func (b *Balancer) signals() (s hosts.Signals) {
	cfg := b.settings()
	now := time.Now()
	fresh := now.Add(-cfg.CheckEvery - cfg.CheckTimeout) // who is well has said something since
	b.mu.Lock()
	defer b.mu.Unlock()
	loading := map[*backend]int{}
	for _, f := range b.functions {
		for at := range f.loads {
			loading[at]++
		}
		if f.moves(now) {
			loading[f.moving.from]++ // it still gets the function's runs
		}
	}
	for _, sched := range b.fleet.Servers() {
		h := b.host(sched, fresh)
		h.Loading = loading[b.backends[sched]]
		s.Hosts = append(s.Hosts, h)
	}
	return s
}

// host is one server; the caller holds mu. Where its report is stale, only what
// this balancer has sent is known.
func (b *Balancer) host(sched *policy.Server, fresh time.Time) hosts.Host {
	s := b.backends[sched]
	report, at := sched.Reported()
	load, queued := sched.Load(), report.Queued
	stale := at.Before(fresh)
	if stale {
		load, queued = sched.InFlight(), 0
	}
	queued = max(queued, load-sched.Slots())
	_, leaving := b.leaving[s.name]
	return hosts.Host{
		Name: s.name, URL: s.server.URL,
		Ready:   s.working(),
		Leaving: leaving, Fixed: s.server.Fixed, Stale: stale,
		InFlight: max(0, load-queued), Slots: sched.Slots(), Queued: queued,
	}
}
