package servermode

import (
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/servermode/internal/host"
)

// sweepEvery is how often idle instances and leases are looked at.
const sweepEvery = time.Second

// sweepIdle looks after idle instances and leases in the background, and finds
// out whether the server is fit for new work.
func (s *Server) sweepIdle() error {
	done := make(chan struct{})
	s.onStop(func() error { close(done); s.janitor.Wait(); return nil })
	s.health.Beat(time.Now())
	s.oom.Look()
	s.janitor.Go(func() {
		tick := time.NewTimer(s.sweepAfter())
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				s.sweep(now)
				s.examine(now)
				s.health.Beat(time.Now())
				tick.Reset(s.sweepAfter())
			case <-done:
				return
			}
		}
	})
	return nil
}

// sweepAfter is the time until the next sweep; a keep-alive may be shorter.
func (s *Server) sweepAfter() time.Duration {
	return min(sweepEvery, s.settings().KeepAlive/2+time.Millisecond)
}

// examine tries out, once in a while, what every init needs of the host.
func (s *Server) examine(now time.Time) {
	if !s.health.Due(now) {
		return
	}
	s.oom.Look()
	err := host.TryOut(s.state.Dir)
	if err == nil {
		err = s.service.Launcher.CheckKinds()
	}
	reason := host.Complaint(err)
	if was := s.health.Examined(now, reason); was != reason {
		switch reason {
		case "":
			s.log.Info("fit for new work again", zap.String("it was", was))
		default:
			s.log.Error("not fit for new work", zap.String("reason", reason), zap.Error(err))
		}
	}
}
