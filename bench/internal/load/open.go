package load

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

var (
	// errDropped is the error of a run that could not be sent in time.
	errDropped = errors.New("not sent: as many runs as may be were in flight")
	errEnded   = errors.New("not sent: the load was ended while it waited for a container")
)

// Open sends runs when they are due, whatever happens to earlier runs: a
// container that stalls still gets the runs that are due meanwhile. A run for
// no particular function goes to each in turn. When the context ends, it waits
// for runs that were sent.
func Open(ctx context.Context, targets []*Target, work Work, arrivals Arrivals, plan Plan) Result {
	plan = plan.filled()
	rec := newRecorder(plan.InFlight, true)
	stop := rec.report(plan.Progress)
	start := time.Now()
	l := &openLoop{free: newPools(targets), work: work, plan: plan, rec: rec, due: make(chan dueRun, plan.InFlight)}
	whole := l.dispatch(ctx, arrivals, start)
	close(l.due)
	l.senders.Wait()
	stop()
	r := rec.result(start.Add(plan.Warmup))
	if whole { // a time in which nothing was due is part of what was measured
		r.Elapsed = max(r.Elapsed, plan.For)
	}
	return r
}

type dueRun struct {
	function int
	at       time.Time
	measured bool
}

type openLoop struct {
	free     *pools
	work     Work
	plan     Plan
	rec      *recorder
	due      chan dueRun // has room for all that may be in flight
	inFlight atomic.Int64
	senders  sync.WaitGroup
	started  int // senders
}

// dispatch hands out each run when it is due. Runs due in the warm-up are not
// measured. whole reports that it ended because the time was over.
func (l *openLoop) dispatch(ctx context.Context, arrivals Arrivals, start time.Time) (whole bool) {
	pace := newPace(l.plan.Sleep)
	defer pace.stop()
	measured := int64(0)
	for n := 0; ; n++ {
		arrival, ok := arrivals.Next()
		if !ok {
			return false
		}
		if l.plan.For > 0 && arrival.At >= l.plan.Warmup+l.plan.For {
			return true
		}
		r := dueRun{l.free.function(arrival.Function, n), start.Add(arrival.At), arrival.At >= l.plan.Warmup}
		if r.measured {
			if measured++; l.plan.Runs > 0 && measured > l.plan.Runs {
				return false
			}
		}
		if !pace.until(ctx, r.at) {
			return false
		}
		l.hand(ctx, r)
	}
}

// hand gives a run to a sender, or drops it if none is left.
func (l *openLoop) hand(ctx context.Context, r dueRun) {
	n := int(l.inFlight.Add(1))
	if n > l.plan.InFlight {
		l.inFlight.Add(-1)
		l.rec.note(0, run{measured: r.measured, ended: time.Now(), err: errDropped})
		return
	}
	if n > l.started {
		caller := l.started
		l.started++
		l.senders.Go(func() { l.send(ctx, caller) })
	}
	l.due <- r
}

func (l *openLoop) send(ctx context.Context, caller int) {
	for due := range l.due {
		r := run{measured: due.measured, due: due.at, asked: time.Now()}
		if target := l.free.take(ctx, due.function); target != nil {
			r.make(target, l.work, l.plan.Limit)
			l.free.put(target)
		} else {
			r.ended, r.err = time.Now(), errEnded
		}
		l.rec.note(caller, r)
		l.inFlight.Add(-1)
	}
}
