package load

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Closed has each caller send a run when its last one is answered. The callers
// are spread evenly over the functions; if they are fewer, they visit the
// functions in turn. When the context ends, it waits for runs that were sent.
func Closed(ctx context.Context, targets []*Target, work Work, plan Plan) Result {
	plan = plan.filled()
	rec := newRecorder(plan.Callers, false)
	stop := rec.report(plan.Progress)
	begin := time.Now().Add(plan.Warmup)
	l := closedLoop{free: newPools(targets), work: work, plan: plan, rec: rec, begin: begin}
	var callers sync.WaitGroup
	for caller := range plan.Callers {
		callers.Go(func() { l.call(ctx, caller) })
	}
	callers.Wait()
	stop()
	return rec.result(begin)
}

func (p Plan) filled() Plan {
	p.Callers = max(1, p.Callers)
	if p.InFlight <= 0 {
		p.InFlight = DefaultInFlight
	}
	if p.Limit <= 0 {
		p.Limit = DefaultLimit
	}
	return p
}

type closedLoop struct {
	free     *pools
	work     Work
	plan     Plan
	rec      *recorder
	begin    time.Time    // of what is measured
	measured atomic.Int64 // runs that were started
}

func (l *closedLoop) call(ctx context.Context, caller int) {
	now := time.Now()
	for at := caller; ctx.Err() == nil; {
		measured := !now.Before(l.begin)
		if measured && !l.more(now) {
			return
		}
		r := run{measured: measured, due: now, asked: now}
		target := l.free.take(ctx, l.free.function(AnyFunction, at))
		if target == nil {
			return // nothing was sent
		}
		r.make(target, l.work, l.plan.Limit)
		l.free.put(target)
		l.rec.note(caller, r)
		if now = r.ended; l.plan.Callers < len(l.free.held) {
			at += l.plan.Callers
		}
	}
}

// more reports whether another run may start now, and counts it.
func (l *closedLoop) more(now time.Time) bool {
	if l.plan.For > 0 && now.Sub(l.begin) >= l.plan.For {
		return false
	}
	return l.measured.Add(1) <= l.plan.Runs || l.plan.Runs <= 0
}
