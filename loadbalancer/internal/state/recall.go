package state

import "time"

// recall is when the first queued run of a function is woken though no server shows
// room for it: nothing else may tell that a refusal is over.
type recall struct {
	at     time.Time // of the next; zero: none is due
	misses int       // in a row that were in vain
	again  time.Time // none of its runs is woken before
}

const (
	leastPause = 50 * time.Millisecond // after a run was woken in vain
	mostPause  = time.Second
)

// missed makes the pause before the next run longer: servers that seem to have room
// have none for this function.
func (r *recall) missed(now time.Time) {
	r.again = now.Add(min(mostPause, leastPause<<min(r.misses, 10)))
	r.misses++
}

// found ends the pauses.
func (r *recall) found() { r.misses, r.again = 0, time.Time{} }

// recallLater sets the time of a function's next recall: when its pause is over, or
// the first refusal.
func (s *State) recallLater(f *Function, now time.Time) {
	r := &f.recall
	at := r.again
	if !at.After(now) {
		at = f.sched.FullUntil(now)
	}
	if at.IsZero() || s.queue.Waiting(f) == 0 || !r.at.IsZero() && !at.Before(r.at) {
		return
	}
	r.at = at
	s.emit(RecallAt{f, at})
}

// Recall wakes the first queued run of a function, at the time of a [RecallAt]. One
// that an earlier has replaced does nothing.
func (s *State) Recall(f *Function, at, now time.Time) (fx []Effect) {
	s.mu.Lock()
	defer s.end(&fx)
	if !at.Equal(f.recall.at) {
		return nil
	}
	if f.recall.at = (time.Time{}); s.closed {
		return nil
	}
	if !now.Before(f.recall.again) {
		s.fleet.RelieveFree(f.sched)
		s.queue.First(f, func(r *Run) bool {
			choice := s.choose(f, nil, now)
			if choice.Server == nil {
				return false
			}
			s.wake(r, choice, now)
			r.Waiting.probing = true
			return true
		})
	}
	s.recallLater(f, now)
	return nil
}
