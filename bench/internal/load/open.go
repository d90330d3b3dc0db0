package load

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// errDropped is what a run fails with that could not be sent in time.
var errDropped = errors.New("not sent: as many runs as may be were in flight")

// Open sends runs when they are due, whatever becomes of those before: a
// container that stalls is not spared what would have come meanwhile. A run of a
// function goes to the targets that hold it in turn; one without a function to
// all targets in turn. When the context ends, runs in flight are awaited.
func Open(ctx context.Context, targets []*Target, work Work, arrivals Arrivals, plan Plan) Result {
	plan = plan.filled()
	rec := newRecorder(plan.InFlight, true)
	stop := rec.report(plan.Progress)
	start := time.Now()
	l := &openLoop{work: work, plan: plan, rec: rec, due: make(chan dueRun, plan.InFlight)}
	l.dispatch(ctx, newTurns(targets), arrivals, start)
	close(l.due)
	l.senders.Wait()
	stop()
	return rec.result(start.Add(plan.Warmup))
}

type dueRun struct {
	target   *Target
	at       time.Time
	measured bool
}

type openLoop struct {
	work     Work
	plan     Plan
	rec      *recorder
	due      chan dueRun // has room for all that may be in flight
	inFlight atomic.Int64
	senders  sync.WaitGroup
	started  int // senders
}

// dispatch hands out each run when it is due. What is due before the warm-up is
// over is not measured.
func (l *openLoop) dispatch(ctx context.Context, turns *turns, arrivals Arrivals, start time.Time) {
	pace := newPace(l.plan.Sleep)
	defer pace.stop()
	for measured := int64(0); ; {
		arrival, ok := arrivals.Next()
		if !ok || l.plan.For > 0 && arrival.At >= l.plan.Warmup+l.plan.For {
			return
		}
		r := dueRun{turns.next(arrival.Function), start.Add(arrival.At), arrival.At >= l.plan.Warmup}
		if r.measured {
			if measured++; l.plan.Runs > 0 && measured > l.plan.Runs {
				return
			}
		}
		if !pace.until(ctx, r.at) {
			return
		}
		l.hand(r)
	}
}

// hand gives a run to a sender, or drops it if none is left.
func (l *openLoop) hand(r dueRun) {
	n := int(l.inFlight.Add(1))
	if n > l.plan.InFlight {
		l.inFlight.Add(-1)
		l.rec.note(0, run{measured: r.measured, ended: time.Now(), err: errDropped})
		return
	}
	if n > l.started {
		caller := l.started
		l.started++
		l.senders.Go(func() { l.send(caller) })
	}
	l.due <- r
}

func (l *openLoop) send(caller int) {
	for r := range l.due {
		sent := time.Now()
		err := r.target.Call(l.work, l.plan.Limit)
		l.rec.note(caller, run{measured: r.measured, due: r.at, sent: sent, ended: time.Now(), err: err})
		l.inFlight.Add(-1)
	}
}
