package function

import "time"

// counts is what decisions about one function's instances are made from. A seat is
// the right to one run at a time. A process has one seat, or several where its kind
// can run several at once.
type counts struct {
	idle     int // seats of live processes that wait for a run
	busy     int // seats that have a run, or are being started
	starting int // of busy: without an instance yet, started because runs wait
	open     int // seats that live processes have beyond these
	waiting  int // runs in the queue
	limit    int // seats that there may be
	queue    int // runs that may wait
}

// verdict is what becomes of a run that arrives.
type verdict int

const (
	takeIdle  verdict = iota // it gets an idle seat
	takeFresh                // it gets a new seat, and starts its process if none has room
	wait                     // it waits for the next seat
	refuse                   // it is told to go elsewhere
)

// arrival decides about a run that arrives. Beside busy processes it starts none:
// the queue does, once waiting costs more than a start.
func (c counts) arrival() verdict {
	room := c.idle+c.busy < c.limit
	switch {
	case c.idle > 0:
		return takeIdle
	case room && (c.busy == 0 || c.open > 0 || c.queue == 0):
		return takeFresh
	case c.waiting < c.queue:
		return wait
	}
	return refuse
}

// growth decides when one more process is worth its start, by the ski-rental rule:
// the waiting that it would have saved has cost as much as the start.
type growth struct {
	counted time.Time     // paid is up to then
	paid    time.Duration // waited by all runs together since the last decision
}

// pass counts the time since the last call, during which waiting runs waited.
func (g *growth) pass(now time.Time, waiting int) {
	if waiting > 0 && !g.counted.IsZero() {
		g.paid += time.Duration(waiting) * max(0, now.Sub(g.counted))
	}
	g.counted = now
	if waiting == 0 {
		g.paid = 0
	}
}

// due returns how long to wait before one more process is started. It returns false
// when no further one is wanted. head is how long the first in the queue has waited,
// after is the least that it has to wait, cost is what a start takes.
func (g *growth) due(c counts, head, after, cost time.Duration) (in time.Duration, ok bool) {
	if c.waiting <= c.starting || c.idle+c.busy >= c.limit {
		return 0, false
	}
	in = max(0, after-head)
	if left := cost - g.paid; left > 0 {
		in = max(in, left/time.Duration(c.waiting))
	}
	return in, true
}

// decided starts a new count.
func (g *growth) decided() { g.paid = 0 }

// smooth is a moving average that takes the first value as it is.
func smooth(average, value time.Duration) time.Duration {
	if average == 0 {
		return value
	}
	return average + (value-average)/4
}

// retryAfter returns when a refused run may find a seat: when the runs before it are
// done.
func retryAfter(c counts, run time.Duration) time.Duration {
	seats := max(1, c.idle+c.busy)
	return run * time.Duration(c.waiting+1) / time.Duration(seats)
}

// surplusShare divides the keep-alive of instances beyond the first, which were
// started for a rush.
const surplusShare = 10

// keeps returns how long an idle instance is kept beside others other instances.
func keeps(keepAlive time.Duration, others int) time.Duration {
	if others > 0 && keepAlive != Forever {
		return keepAlive / surplusShare
	}
	return keepAlive
}
