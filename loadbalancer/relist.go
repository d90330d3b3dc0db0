package loadbalancer

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// Checks pass between two looks at what a server holds: where it says that this
// has changed, and where it never says.
const (
	pauseChanged = 2
	pauseSilent  = 20
	// pauseCost is how many times as long as a look takes passes to the next one.
	pauseCost = 50
)

// keepListed has a server asked what it holds if others may have changed that:
// another balancer, or the server for want of room. The caller holds mu.
func (b *Balancer) keepListed(ctx context.Context, s *backend, found readiness, now time.Time) {
	pause := b.settings().CheckEvery * pauseChanged
	switch {
	case found.Changes == nil:
		pause = b.settings().CheckEvery * pauseSilent
	case *found.Changes == s.changes:
		return
	}
	if s.listing || now.Sub(s.listed) < max(pause, pauseCost*s.took) {
		return
	}
	s.listing = true
	b.work.Go(func() {
		all, trouble := b.holds(ctx, s)
		b.mu.Lock()
		defer b.mu.Unlock()
		s.listing = false
		switch {
		case trouble != "":
			s.listed = now // again after a pause
		case b.backends[s.sched] == s && s.id == found.id:
			news, gone := b.takeIn(s, all, now, time.Now())
			s.tookIn(found, now)
			s.took = time.Since(now)
			b.log.Debug("server's functions", zap.String("server", s.name), zap.Int("new", news), zap.Int("gone", gone))
		}
	})
}
