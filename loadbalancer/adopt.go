package loadbalancer

import (
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// adopt takes in what another process than before has: nothing that the one
// before had, but what it says.
func (b *Balancer) adopt(s *backend, found readiness, all []held, asked time.Time) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.backends[s.sched] != s {
		return
	}
	if s.id != "" {
		for _, f := range b.functions {
			if f.sched.On(s.sched) == policy.Ready {
				b.fleet.Absent(f.sched, s.sched, asked)
			}
		}
		delete(b.routes, s.id)
		s.willing = false
	}
	s.anew = true
	s.id, b.routes[found.id] = found.id, s
	news, _ := b.takeIn(s, all, asked, now)
	s.tookIn(found.Changes, asked)
	b.log.Info("server is there", zap.String("server", s.name), zap.String("incarnation", found.id), zap.Int("functions", news))
}

// tookIn notes up to which change a server's functions are known.
func (s *backend) tookIn(changes int, asked time.Time) { s.listed, s.changes = asked, changes }

// takeIn makes what is believed of a server's functions what it says of them, but
// for what has become of them since it was asked. The caller holds mu.
func (b *Balancer) takeIn(s *backend, all []held, asked, now time.Time) (news, gone int) {
	there := make(map[key]bool, len(all))
	for _, h := range all {
		identity, err := runtimespec.ParseDigest(h.Function)
		if err != nil || h.State == "draining" || len(h.Tenant) > runtimespec.MaxActivation {
			continue
		}
		k := key{h.Tenant, identity}
		if b.loading[k] != nil {
			continue // nobody needs it: it goes when its init ends
		}
		f, err := b.known(k, now)
		if err != nil {
			continue // no more than are known may be
		}
		if f.name == "" {
			f.name = h.Name
		}
		cold := h.State == "cold"
		if f.sched.On(s.sched) == policy.Absent && !f.sched.Since(s.sched).After(asked) {
			b.fleet.Ready(f.sched, s.sched, now)
			news++
		}
		if !cold || !there[k] { // behind a balancer it may be at several servers
			b.fleet.Cold(f.sched, s.sched, cold, asked)
		}
		there[k] = true
	}
	for k, f := range b.functions {
		if !there[k] && f.sched.On(s.sched) == policy.Ready && f.sched.Since(s.sched).Before(asked) {
			b.fleet.Absent(f.sched, s.sched, now)
			gone++
		}
	}
	return news, gone
}
