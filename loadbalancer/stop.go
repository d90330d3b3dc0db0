package loadbalancer

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	// stopTime bounds how long a server is told that something is over.
	stopTime = 5 * time.Second
	// stopWait is how long its caller waits for that; then it goes on without.
	stopWait = 500 * time.Millisecond
)

// stopLease ends a lease, or with an activation's id cancels that run. It is
// idempotent: what is not there is stopped.
func (b *Balancer) stopLease(c *call) error {
	identity, err := c.Function()
	if err != nil {
		return err
	}
	k := key{c.Tenant, identity}
	if want := c.HeaderValue(runtimespec.HeaderServer); want != "" {
		if _, err := b.named(want); err != nil {
			return err
		}
	}
	var told <-chan struct{}
	if id := c.HeaderValue(runtimespec.HeaderActivation); id != "" {
		told = b.cancelRun(b.onward(c), k, id)
	} else {
		lease, err := c.Lease()
		if err != nil {
			return err
		}
		told = b.endLease(b.onward(c), k, lease)
	}
	timer := time.NewTimer(stopWait)
	defer timer.Stop()
	select {
	case <-told:
	case <-timer.C:
	}
	return c.Done()
}

// endLease ends a lease. With the last one the function leaves the table at
// once, and the servers that have it are told.
func (b *Balancer) endLease(from way, k key, lease string) (told <-chan struct{}) {
	b.mu.Lock()
	f := b.functions[k]
	if f == nil {
		b.mu.Unlock()
		return closed
	}
	delete(f.leases, lease)
	if len(f.leases) > 0 {
		b.mu.Unlock()
		return closed
	}
	holders := b.forget(f)
	b.mu.Unlock()
	b.log.Info("last lease ended", zap.String("function", k.identity.Short()), zap.String("tenant", k.tenant))
	return b.giveUp(from, f, holders)
}

// forget takes a function out of the table and returns who has it; the caller
// holds mu. Its inits in flight are seen to when they end, or by whoever needs it
// again until then.
func (b *Balancer) forget(f *function) (holders []*backend) {
	delete(b.functions, f.key)
	for _, c := range f.sched.Copies() {
		if s := b.backends[c.Server()]; s != nil && c.State() == policy.Ready {
			holders = append(holders, s)
		}
	}
	if len(f.loads) > 0 {
		b.loading[f.key] = f
		for _, s := range holders {
			b.fleet.Absent(f.sched, s.sched, time.Now())
		}
	}
	return holders
}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// giveUp ends the balancer's own lease at servers.
func (b *Balancer) giveUp(from way, f *function, at []*backend) (told <-chan struct{}) {
	return b.tell(from, at, f.header)
}

// cancelRun cancels a run: where it is, or if that is not known, everywhere.
func (b *Balancer) cancelRun(from way, k key, id string) (told <-chan struct{}) {
	b.mu.Lock()
	var at []*backend
	f := b.functions[k]
	if r := b.flights[flightKey{k, id}]; r != nil {
		r.cancelled = true
		if r.waiting || r.on == nil {
			r.cancel(errCancelled)
		} else {
			at = append(at, r.on)
		}
	} else if f != nil {
		for _, c := range f.sched.Copies() {
			if s := b.backends[c.Server()]; s != nil {
				at = append(at, s)
			}
		}
	}
	b.mu.Unlock()
	if f == nil {
		return closed
	}
	return b.tell(from, at, f.header.With(hop.Field{Name: runtimespec.HeaderActivation, Value: id}))
}

// tell sends a stop to servers; told is closed when all have answered.
func (b *Balancer) tell(from way, at []*backend, header hop.Header) (told <-chan struct{}) {
	if len(at) == 0 {
		return closed
	}
	header = from.onto(header.With())
	ended := make(chan struct{})
	var all sync.WaitGroup
	for _, s := range at {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(b.base, stopTime)
			defer cancel()
			resp, err := s.pool.Send(ctx, &hop.Request{Path: runtimespec.PathStop, Header: header})
			if err != nil {
				b.log.Debug("a server was not told to stop; what is left there runs out", zap.String("server", s.name), zap.Error(err))
				return
			}
			_ = readMessage(resp) // to its end, so that the connection is kept
			_ = resp.Close()
		})
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.base.Err() != nil { // what was begun above has failed
		return closed
	}
	b.work.Go(func() { all.Wait(); close(ended) })
	return ended
}
