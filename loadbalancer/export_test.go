package loadbalancer

import (
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/hosts"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Tidy ends what is over at a time.
func (b *Balancer) Tidy(now time.Time) { b.tidy(now) }

// CheckDisk looks whether something can be written.
func (b *Balancer) CheckDisk() { b.checkDisk() }

// Joined is whether somebody waits for the end of a run that was sent before.
func (b *Balancer) Joined() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.flights {
		if r.over != nil {
			return true
		}
	}
	return false
}

// LetGo, TakeBack and GiveUpHost are what the keeper of hosts does with one.
func (b *Balancer) LetGo(name string)           { b.letGo(hosts.Host{Name: name}) }
func (b *Balancer) TakeBack(name string)        { b.takeBack(hosts.Host{Name: name}) }
func (b *Balancer) GiveUpHost(name string) bool { return b.giveUpHost(hosts.Host{Name: name}) }

// Settings are those in force.
func (b *Balancer) Settings() Config { return b.settings().Config }

// Leases are how many there are of a function of the default tenant.
func (b *Balancer) Leases(id runtimespec.Identity) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if f := b.functions[key{token.DefaultTenant, id}]; f != nil {
		return len(f.leases)
	}
	return 0
}

// Handler serves requests.
func (b *Balancer) Handler() http.Handler { return b.handler() }
