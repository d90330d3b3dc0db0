package loadbalancer

import (
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/hosts"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// leaving is the problem of a server that goes because it has nothing to do.
const leaving = "it has nothing to do and leaves: the owner's hook ends it when its runs are over"

// letGo gives a host no new work any more because it is to go, unless people
// have just drained it: then it is theirs.
func (b *Balancer) letGo(h hosts.Host) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.member(h.Name); s != nil && !b.drained[s.name] {
		b.leaving[s.name] = false
		b.drainHere(s, time.Now())
	}
}

// takeBack gives a host work again that was to go, when a check finds it ready.
// What people have drained stays so.
func (b *Balancer) takeBack(h hosts.Host) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.leaving, h.Name)
	if s := b.member(h.Name); s != nil {
		s.look()
	}
}

// giveUpHost is asked before the hook ends a host, and says no when that is
// people's by now.
func (b *Balancer) giveUpHost(h hosts.Host) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, still := b.leaving[h.Name]
	if s := b.member(h.Name); still && s != nil {
		b.leaving[h.Name], s.willing = true, false
	}
	return still
}

// takeOver makes a host that is to go people's business, unless the hook is
// ending it already; the caller holds mu.
func (b *Balancer) takeOver(name string) error {
	if b.leaving[name] {
		late := refusal(runtimespec.BadRequest, "%s had nothing to do, and the owner's hook is ending it: it cannot be drained or returned any more", name)
		late.Status = http.StatusConflict
		return late
	}
	delete(b.leaving, name)
	return nil
}

// parked is whether a server is to get no work however well it is; the caller
// holds mu.
func (b *Balancer) parked(name string) bool {
	_, goes := b.leaving[name]
	return goes || b.drained[name]
}

// member is the server of that name, nil if there is none; the caller holds mu.
func (b *Balancer) member(name string) *backend {
	for _, s := range b.backends {
		if s.name == name {
			return s
		}
	}
	return nil
}

// forgetLeft drops who has left the list: a host that comes by the same name is
// another one. The caller holds mu.
func (b *Balancer) forgetLeft(all []discovery.Server) {
	there := map[string]bool{}
	for _, server := range all {
		there[server.Name] = true
	}
	for name := range b.leaving {
		if !there[name] {
			delete(b.leaving, name)
		}
	}
}
