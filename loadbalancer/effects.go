package loadbalancer

import (
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/backend"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/dispatch"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// carryOut does what an event of the state asks for. Nothing of it waits.
func (b *Balancer) carryOut(effects []state.Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case state.StartInit:
			b.loader.Start(e.Init)
		case state.Wake:
			close(e.Run.Waiting.Woken)
		case state.RunOver:
			close(e.Run.Over)
		case state.CancelRun:
			dispatch.CancelRun(e.Run)
		case state.Check:
			backend.Of(e.Server).Check()
		case state.ReadInventory:
			b.backends.ReadInventory(e)
		case state.Stop:
			b.backends.Stop(exchange.Propagation{Hops: b.id}, e.Function.Key, "", e.At)
		case state.RecallAt:
			time.AfterFunc(time.Until(e.At), func() { b.carryOut(b.state.Recall(e.Function, e.At, time.Now())) })
		case state.ServerLeft:
			backend.Of(e.Server).Leave()
		case state.HealthChanged:
			b.noteChange(e)
		}
	}
}

// noteChange has a change of a server's health followed.
func (b *Balancer) noteChange(e state.HealthChanged) {
	if e.To == policy.Ejected {
		b.metrics.Ejected()
	}
	select {
	case b.changes <- e:
	default: // too many at once to be read about
	}
}

// followChanges logs what becomes of servers, and has the state follow it.
func (b *Balancer) followChanges() {
	for {
		select {
		case c := <-b.changes:
			b.log.Info("server", zap.String("server", c.Server.Name), zap.Stringer("was", c.From), zap.Stringer("is", c.To))
			if c.To == policy.Ejected {
				backend.Of(c.Server).CloseIdle()
			}
			b.carryOut(b.state.Rebalance(c, time.Now()))
		case <-b.work.Done():
			return
		}
	}
}

const (
	sweepEvery = time.Second
	// expireEvery is how often all functions are looked at.
	expireEvery = 10 * time.Second
)

// sweep does what time brings about.
func (b *Balancer) sweep() {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case now := <-ticker.C:
			b.carryOut(b.state.Sweep(now))
			late := now.Sub(last) >= expireEvery
			if late {
				last = now
				b.carryOut(b.state.Expire(now))
			}
			if late || b.dir.IsFull() {
				b.dir.Check()
			}
		case <-b.work.Done():
			return
		}
	}
}
