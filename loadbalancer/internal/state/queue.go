package state

import (
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/queue"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// maxLook bounds the functions that are looked at for one free slot.
const maxLook = 32

// Enqueue gives a run its place in the queue: behind the others of its function, or
// before them if it was there and found no server after all. Its Waiting and the Woken
// of that are made for this. An error that is a [queue.Cause] says why it gets none.
func (s *State) Enqueue(r *Run, now time.Time) (fx []Effect, err error) {
	s.mu.Lock()
	defer s.end(&fx)
	if r.cancelled {
		return nil, ErrCancelled
	}
	w := r.Waiting
	if w.entry == nil {
		w.since, w.Until = now, queue.Until(now, r.Deadline, s.settings.QueueWait)
	}
	if !w.Until.After(now) {
		return nil, queue.Late
	}
	if w.entry != nil {
		s.queue.Return(w.entry)
	} else {
		if s.queue.Waiting(r.Function) == 0 {
			r.Function.recall.found()
		}
		entry, cause := s.queue.Join(r.Tenant, r.Function, r, r.Size)
		if cause != "" {
			return nil, cause
		}
		w.entry = entry
	}
	s.recallLater(r.Function, now)
	if len(r.Tried) == 0 { // what became free since it was picked for
		s.dispatchWaiting(now, nil)
	}
	return nil, nil
}

// LeaveQueue gives a run's place up; false if it was woken before.
func (s *State) LeaveQueue(r *Run) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.Leave(r.Waiting.entry)
}

// dispatchWaiting gives what has become free to the queued runs, in turn. One of
// them gets the slot in which a run has ended, if that is what happened, others what
// else is known to be free.
func (s *State) dispatchWaiting(now time.Time, ended *Server) {
	for s.queue.Len() > 0 && s.queue.Next(maxLook, func(r *Run) bool { return s.tryDispatch(r, now, ended) }) {
		ended = nil
	}
}

// tryDispatch wakes a run if there is a server for it: one with a free slot, or any
// after a run has ended at one.
func (s *State) tryDispatch(r *Run, now time.Time, ended *Server) bool {
	f := r.Function
	if now.Before(f.recall.again) {
		return false
	}
	if s.fleet.RelieveFree(f.sched); ended != nil {
		s.fleet.Relieve(f.sched, ended.sched)
	}
	choice := s.choose(f, nil, now)
	if choice.Server == nil || ended == nil && choice.Server.Load() >= choice.Server.Slots() {
		return false
	}
	s.wake(r, choice, now)
	return true
}

// wake ends a run's time in the queue, from which its caller takes it: a server was
// chosen for it.
func (s *State) wake(r *Run, choice policy.Choice, now time.Time) {
	w := r.Waiting
	w.probing, w.Waited = false, now.Sub(w.since)
	w.Err = s.assign(r, choice, now)
	s.emit(Wake{r})
}

// releaseSlot passes on what a run leaves at its server: its slot, or the free one
// that had it woken and is none for its function.
func (s *State) releaseSlot(r *Run, o policy.Outcome, now time.Time) {
	switch o {
	case policy.Answered:
		r.Function.recall.found()
		s.dispatchWaiting(now, r.Server)
	case policy.Left:
		s.dispatchWaiting(now, r.Server)
	case policy.Refused, policy.Failed:
		if !r.queued() {
			return
		}
		room := r.Server.sched.Load() < r.Server.sched.Slots()
		if room || r.Waiting.probing || o == policy.Failed {
			r.Function.recall.missed(now)
		}
		s.dispatchWaiting(now, nil)
	}
}
