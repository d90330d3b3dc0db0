package loadbalancer

import (
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// stopWait is how long a caller waits until servers are told that something is over;
// then it goes on without.
const stopWait = 500 * time.Millisecond

// stopLease ends a lease, or with an activation's id cancels that run. It is
// idempotent: what is not there is stopped.
func (b *Balancer) stopLease(c *call) error {
	identity, err := c.Function()
	if err != nil {
		return err
	}
	k := state.Key{Tenant: c.Tenant, Identity: identity}
	if asked := c.HeaderValue(runtimespec.HeaderServer); asked != "" {
		if _, err := b.state.ByIncarnation(asked); err != nil {
			return err
		}
	}
	var told <-chan struct{}
	if id := c.HeaderValue(runtimespec.HeaderActivation); id != "" {
		told = b.runs.Cancel(c.Onward(), k, id)
	} else {
		lease, err := c.Lease()
		if err != nil {
			return err
		}
		told = b.endLease(c.Onward(), k, lease)
	}
	timer := time.NewTimer(stopWait)
	defer timer.Stop()
	select {
	case <-told:
	case <-timer.C:
	}
	return c.Done()
}

// endLease ends a lease. With the last one the servers that have the function are
// told.
func (b *Balancer) endLease(from exchange.Propagation, k state.Key, lease string) (told <-chan struct{}) {
	last, stop := b.state.LeaseEnded(k, lease, time.Now())
	if last {
		b.log.Info("last lease ended", zap.String("function", k.Identity.Short()), zap.String("tenant", k.Tenant))
	}
	return b.backends.Stop(from, k, "", stop.At)
}
