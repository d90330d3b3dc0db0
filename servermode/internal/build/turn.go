package build

import (
	"golang.org/x/sync/semaphore"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// tenant is one with builds under way or products in use.
type tenant struct {
	turn  *semaphore.Weighted // its builds at the same time
	users int                 // builds and products; with none it is forgotten

	group *sandbox.User // stands for the group of those who may enter its products
	inUse int           // products handed out
}

// enter counts somebody in; the caller holds mu.
func (s *Shop) enter(name string) *tenant {
	t := s.tenants[name]
	if t == nil {
		// All turns but one: however much one tenant builds, there is one for others.
		t = &tenant{turn: semaphore.NewWeighted(max(s.cfg.AtOnce-1, 1))}
		s.tenants[name] = t
	}
	t.users++
	return t
}

// leave counts somebody out; the caller holds mu.
func (s *Shop) leave(name string) {
	t := s.tenants[name]
	if t.users--; t.users == 0 {
		delete(s.tenants, name)
	}
}

// takeTurn waits until a build may begin; done ends its turn.
func (s *Shop) takeTurn(b *build) (done func(), err error) {
	s.mu.Lock()
	t := s.enter(b.order.Tenant)
	s.mu.Unlock()
	held := []*semaphore.Weighted{}
	done = func() {
		for _, turn := range held {
			turn.Release(1)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.leave(b.order.Tenant)
	}
	told := false
	for _, turn := range []*semaphore.Weighted{t.turn, s.turn} {
		if !turn.TryAcquire(1) {
			if !told {
				b.output.note("waiting for other builds on this server\n")
				told = true
			}
			if err := turn.Acquire(s.base, 1); err != nil {
				done()
				return nil, errBegun
			}
		}
		held = append(held, turn)
	}
	return done, nil
}
