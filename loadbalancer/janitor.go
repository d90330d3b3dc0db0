package loadbalancer

import (
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

const (
	sweepEvery = time.Second
	// tidyEvery is how often all functions are looked at.
	tidyEvery = 10 * time.Second
)

// janitor does what time brings about.
func (b *Balancer) janitor() {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	tidied := time.Now()
	for {
		select {
		case now := <-ticker.C:
			b.mu.Lock()
			b.fleet.Sweep(now)
			b.mu.Unlock()
			late := now.Sub(tidied) >= tidyEvery
			if late {
				tidied = now
				b.tidy(now)
			}
			if late || b.disk.full.Load() {
				b.checkDisk()
			}
		case <-b.base.Done():
			return
		}
	}
}

// tidy ends leases whose time is over, and functions with their last one. A
// function that was only found at a server has none: it goes when nobody runs it.
func (b *Balancer) tidy(now time.Time) {
	type end struct {
		f  *function
		at []*backend
	}
	var ends []end
	b.mu.Lock()
	for _, f := range b.functions {
		b.fleet.Prune(f.sched, now)
		for lease, until := range f.leases {
			if now.After(until) {
				delete(f.leases, lease)
			}
		}
		if len(f.leases) == 0 && now.Sub(f.used) >= b.settings().Lease {
			ends = append(ends, end{f, b.forget(f)})
		}
	}
	b.mu.Unlock()
	for _, e := range ends {
		b.giveUp(way{hops: b.id}, e.f, e.at)
	}
}

// change is one of a server's health.
type change struct {
	server   *policy.Server
	from, to policy.Health
}

// changed is told of each change under the lock, and so only takes note.
func (b *Balancer) changed(s *policy.Server, from, to policy.Health) {
	if to == policy.Ejected {
		b.metrics.ejections.Inc()
	}
	select {
	case b.changes <- change{s, from, to}:
	default: // so many at once that nobody reads about them
	}
}

// followChanges logs what becomes of servers, and has the functions of one that
// leaves loaded elsewhere.
func (b *Balancer) followChanges() {
	for {
		select {
		case c := <-b.changes:
			b.log.Info("server", zap.String("server", c.server.Name()), zap.Stringer("was", c.from), zap.Stringer("is", c.to))
			if c.to == policy.Ejected {
				b.disconnect(c.server)
			}
			if c.to == policy.Draining || c.to == policy.Ejected {
				b.relocate(c.server)
			} else {
				b.mu.Lock()
				b.serve(time.Now(), nil)
				b.mu.Unlock()
			}
		case <-b.base.Done():
			return
		}
	}
}

// disconnect closes the connections to a server on which nothing runs. Its host
// may have vanished without a word, and when it is back knows nothing of them:
// the next run on one would be lost.
func (b *Balancer) disconnect(from *policy.Server) {
	b.mu.Lock()
	s := b.backends[from]
	b.mu.Unlock()
	if s != nil {
		s.pool.CloseIdle()
	}
}

// relocate loads elsewhere what only servers that leave have, before it is asked
// for.
func (b *Balancer) relocate(from *policy.Server) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.functions {
		if f.recipe == nil || f.sched.On(from) != policy.Ready {
			continue
		}
		if to := b.fleet.Relocate(f.sched, now); to != nil {
			b.begun(f, b.backends[to], now)
		}
	}
}
