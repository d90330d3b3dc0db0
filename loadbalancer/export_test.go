package loadbalancer

import (
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Tidy ends what is over at a time.
func (b *Balancer) Tidy(now time.Time) { b.carryOut(b.state.Expire(now)) }

// CheckDisk looks whether something can be written.
func (b *Balancer) CheckDisk() { b.dir.Check() }

// Joined reports whether a caller waits for the end of a run that was sent before.
func (b *Balancer) Joined() bool { return b.state.Awaited() }

// BeginScaleIn, CancelScaleIn and ConfirmScaleIn are what the autoscaler does with a host.
func (b *Balancer) BeginScaleIn(name string)        { b.carryOut(b.state.BeginScaleIn(name, time.Now())) }
func (b *Balancer) CancelScaleIn(name string)       { b.carryOut(b.state.CancelScaleIn(name)) }
func (b *Balancer) ConfirmScaleIn(name string) bool { return b.state.ConfirmScaleIn(name) }

// Settings are those in force.
func (b *Balancer) Settings() Config { return b.settings().Config }

// Leases are how many there are of a function of the default tenant.
func (b *Balancer) Leases(id runtimespec.Identity) int {
	return b.state.Leases(state.Key{Tenant: token.DefaultTenant, Identity: id})
}

// Handler serves requests.
func (b *Balancer) Handler() http.Handler { return b.handler() }
