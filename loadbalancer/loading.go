package loadbalancer

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/trace"
)

// backgroundLoads is how many inits that no caller waits for there are at the
// same time.
const backgroundLoads = 8

// loading is an init in flight at a server. There is one at most for a function
// and a server: who needs it meanwhile waits for its end.
type loading struct {
	done  chan struct{}
	taken bool // its logs have an owner; guarded by Balancer.mu
	way        // of the request that it is for
	span  trace.Span
	logs  *written // frames of it, for their owner

	answer answer // what the server said; valid when done
	err    error  // or why it said nothing
}

// wait waits for the end of an init.
func (l *loading) wait(ctx context.Context) error {
	select {
	case <-l.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// begin starts an init, or finds the one in flight; nil if nobody knows how, or
// the balancer has ended: whoever outlived that begins nothing more. The caller
// holds mu.
func (b *Balancer) begin(f *function, s *backend, c *call, now time.Time) *loading {
	if next := b.functions[f.key]; next != nil {
		f = next // a run that waited may know it from before it was forgotten
	}
	if l := f.loads[s]; l != nil {
		return l
	}
	if f.recipe == nil || b.base.Err() != nil {
		return nil
	}
	b.fleet.Loading(f.sched, s.sched, now)
	l, recipe := b.entered(f, s, way{b.hopsOf(c), c.Trace}, c.Span.Call("init at server")), f.recipe
	b.work.Go(func() { b.carryOut(f, recipe, s, l) })
	return l
}

// begun carries out an init of which the policy has counted the beginning
// already, when others leave room; the caller holds mu.
func (b *Balancer) begun(f *function, s *backend, now time.Time) {
	if f.recipe == nil || b.base.Err() != nil {
		b.fleet.Absent(f.sched, s.sched, now)
		return
	}
	l, recipe := b.entered(f, s, way{hops: b.id}, b.tracer.Begin("one more copy")), f.recipe
	b.work.Go(func() {
		if b.loads.Acquire(b.base, 1) == nil {
			defer b.loads.Release(1)
		}
		b.carryOut(f, recipe, s, l)
	})
}

func (b *Balancer) entered(f *function, s *backend, from way, span trace.Span) *loading {
	from.trace = span.Onward(from.trace)
	l := &loading{done: make(chan struct{}), way: from, span: span, logs: newWritten()}
	span.Text("faas.name", f.name)
	span.Text("whiskaway.server", s.name)
	f.loads[s] = l
	if b.functions[f.key] == nil {
		b.loading[f.key] = f
	}
	return l
}

// carryOut initialises a function at a server. It goes on when nobody waits for
// it any more: the next run will.
func (b *Balancer) carryOut(f *function, r *recipe, s *backend, l *loading) {
	ctx, cancel := context.WithTimeout(b.base, b.settings().InitTimeout)
	defer cancel()
	began := time.Now()
	l.answer, l.err = b.initialise(ctx, f, r, s, l)
	l.ended()
	now := time.Now()
	well := l.err == nil && l.answer.ok()
	b.mu.Lock()
	delete(f.loads, s)
	forgotten := b.functions[f.key] != f
	if well && !forgotten {
		b.fleet.Ready(f.sched, s.sched, now)
		b.serve(now, nil)
	} else {
		b.fleet.Absent(f.sched, s.sched, now)
	}
	f.moved()
	if len(f.loads) == 0 && b.loading[f.key] == f {
		delete(b.loading, f.key)
	}
	b.mu.Unlock()
	close(l.done)
	b.metrics.loaded(well, now.Sub(began))
	b.heed(s, l.answer.reason, l.err)
	if well {
		b.log.Info("function is ready", zap.String("function", f.key.identity.Short()), zap.String("action", r.name), zap.String("tenant", f.key.tenant), zap.String("server", s.name))
	}
	if forgotten && well { // its last lease ended meanwhile
		b.giveUp(l.way, f, []*backend{s})
	}
}
