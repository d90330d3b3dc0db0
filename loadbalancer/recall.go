package loadbalancer

import "time"

// recall is when the first that waits for a function is called though no server
// shows room for it: nothing else may tell that a refusal is over.
type recall struct {
	timer  *time.Timer // nil: none is set
	at     time.Time   // of the timer
	misses int         // calls in a row that were in vain
	again  time.Time   // none is called before
}

// mostPause bounds the time between two calls in vain.
const mostPause = time.Second

// missed makes the pause before the next call longer: servers that seem to have
// room have none for this function.
func (r *recall) missed(now time.Time) {
	r.again = now.Add(min(mostPause, leastRetry<<min(r.misses, 10)))
	r.misses++
}

// found ends the pauses.
func (r *recall) found() { r.misses, r.again = 0, time.Time{} }

// recallLater sets the time of a function's next call: when its pause is over, or
// the first refusal. The caller holds mu.
func (b *Balancer) recallLater(f *function, now time.Time) {
	r := &f.recall
	at := r.again
	if !at.After(now) {
		at = f.sched.FullUntil(now)
	}
	if at.IsZero() || b.line.Waiting(f) == 0 || r.timer != nil && !at.Before(r.at) {
		return
	}
	if r.timer != nil {
		r.timer.Stop()
	}
	r.at = at
	r.timer = time.AfterFunc(at.Sub(now), func() { b.recall(f) })
}

// recall calls the first that waits for a function.
func (b *Balancer) recall(f *function) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if f.recall.timer = nil; b.base.Err() != nil {
		return
	}
	if !now.Before(f.recall.again) {
		b.fleet.RelieveFree(f.sched)
		b.line.First(f, func(r *flight) bool {
			choice := b.choose(f, nil, now)
			if choice.Server == nil {
				return false
			}
			r.call(choice, now)
			r.waiter.tries = true
			return true
		})
	}
	b.recallLater(f, now)
}
