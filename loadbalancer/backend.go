package loadbalancer

import (
	"context"
	"crypto/tls"
	"net/url"
	"time"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// backend is a server as the balancer sees it. What is guarded is so by
// Balancer.mu.
type backend struct {
	name   string
	server discovery.Server // as its source knows it; guarded
	target *url.URL         // where its requests go
	pool   *hop.Pool        // for what is asked of it
	probe  *hop.Pool        // for checks: they are no POSTs, and keep a connection of their own
	sched  *policy.Server
	kick   chan struct{} // has it checked now
	looked chan struct{} // closed when it was checked once
	end    context.CancelFunc

	runs    [policy.Left + 1]uint64 // by outcome; guarded
	id      string                  // its incarnation, as of the last check; guarded
	changes int                     // number of what it was last known to hold; guarded
	listed  time.Time               // when it last told that; guarded
	listing bool                    // it is being asked; guarded
	took    time.Duration           // to ask and to take it in; guarded
	checked time.Time               // last check that was answered; guarded
	kinds   string                  // that it runs; guarded
	problem string                  // why it is given no work, for people; guarded
	willing bool                    // it was drained here and would still take runs; guarded
	anew    bool                    // this process has not been ready yet; guarded
	trusted bool                    // it was well before it became a member anew
}

// look has a server checked at once: something about it has changed.
func (s *backend) look() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// remove ends a membership. Runs in flight there finish; the caller holds mu.
func (b *Balancer) remove(sched *policy.Server, s *backend) {
	b.fleet.Remove(sched, time.Now())
	s.willing = false
	delete(b.backends, sched)
	for id, at := range b.routes {
		if at == s {
			delete(b.routes, id)
		}
	}
	s.end()
}

// removeServers ends all memberships. Who is well and comes back at once need not
// be met first.
func (b *Balancer) removeServers() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trusted = map[string]bool{}
	for sched, s := range b.backends {
		b.trusted[s.name] = s.working()
		b.remove(sched, s)
	}
}

// working is whether it gets runs, and is known to be a server; the caller holds mu.
func (s *backend) working() bool { return (s.id != "" || s.trusted) && isIn(s.sched) }

// isIn is whether a server gets runs.
func isIn(s *policy.Server) bool {
	return s.Health() == policy.Healthy || s.Health() == policy.Recovering
}

// add makes a server a member and begins to check it; the caller holds mu.
func (b *Balancer) add(server discovery.Server, now *live) {
	target := b.target(server)
	options := hop.Options{Token: now.token}
	if now.trust != nil || server.TLSName != "" {
		options.TLS = &tls.Config{RootCAs: now.trust, ServerName: server.TLSName}
	}
	if server.Tunnel {
		options.Dial = b.hub.Dialer(server.Incarnation)
	}
	s := &backend{name: server.Name, server: server, target: target, pool: hop.New(target, options), probe: hop.New(target, options), kick: make(chan struct{}, 1), looked: make(chan struct{})}
	if s.trusted = b.trusted[server.Name]; s.trusted {
		s.sched = b.fleet.Add(server.Name, time.Now())
	} else {
		s.sched = b.fleet.Announce(server.Name, time.Now()) // until it was met: it may be anything
	}
	b.backends[s.sched] = s
	if b.parked(server.Name) || server.Tunnel && !b.hub.Has(server.Incarnation) {
		b.fleet.Drain(s.sched, time.Now())
	}
	var ctx context.Context
	ctx, s.end = context.WithCancel(b.base)
	b.work.Go(func() { b.watch(ctx, s) })
}

// target is where a server's requests go. What goes through a tunnel has no
// address but the server's incarnation.
func (b *Balancer) target(server discovery.Server) *url.URL {
	if u, err := hop.ParseTarget(server.URL, "http"); err == nil && !server.Tunnel {
		return u
	}
	return &url.URL{Scheme: "http", Host: server.Incarnation}
}

// load is what all servers together say of themselves, and what was sent since.
func (b *Balancer) load() runtimespec.Load {
	b.mu.Lock()
	defer b.mu.Unlock()
	sum := runtimespec.Load{CPU: -1}
	for _, s := range b.fleet.Servers() {
		if isIn(s) {
			queued := max(0, s.Load()-s.Slots())
			sum.Slots += s.Slots()
			sum.Queued += queued
			sum.InFlight += s.Load() - queued
		}
	}
	sum.Queued += b.line.Len()
	return sum
}
