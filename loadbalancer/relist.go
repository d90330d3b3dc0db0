package loadbalancer

import (
	"time"

	"go.uber.org/zap"
)

const (
	// pauseChanged passes between two looks at what a server holds that says that
	// this has changed.
	pauseChanged = 50 * time.Millisecond
	// pauseSilent is how many checks pass where it never says.
	pauseSilent = 20
	// pauseCost is how many times as long as a look takes passes to the next one.
	pauseCost = 50
)

// keepListed has a server asked what it holds if others may have changed that:
// another balancer, or the server for want of room. changes is the number that it
// says, with a check or with the answer to a run; 0: none. The caller holds mu.
func (b *Balancer) keepListed(s *backend, changes int, now time.Time) {
	pause := pauseChanged
	switch changes {
	case 0:
		pause = b.settings().CheckEvery * pauseSilent
	case s.changes:
		return
	}
	if s.listing || b.base.Err() != nil || now.Sub(s.listed) < max(pause, pauseCost*s.took) {
		return
	}
	s.listing = true
	id := s.id
	b.work.Go(func() {
		all, problem := b.holds(b.base, s)
		b.mu.Lock()
		defer b.mu.Unlock()
		s.listing = false
		switch {
		case problem != "":
			s.listed = now // again after a pause
		case b.backends[s.sched] == s && s.id == id:
			locked := time.Now()
			news, gone := b.takeIn(s, all, now, locked)
			s.tookIn(changes, now)
			// Others wait for the lock meanwhile, and all servers are looked at.
			s.took = max(time.Since(now), time.Since(locked)*time.Duration(len(b.backends)))
			b.log.Debug("server's functions", zap.String("server", s.name), zap.Int("new", news), zap.Int("gone", gone))
		}
	})
}
