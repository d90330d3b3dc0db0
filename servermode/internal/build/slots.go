package build

import (
	"golang.org/x/sync/semaphore"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// tenant is one with builds under way or products in use.
type tenant struct {
	slots *semaphore.Weighted // its builds at the same time
	users int                 // builds and products; with none it is forgotten

	group *sandbox.User // stands for the group of the processes that may enter its products
	inUse int           // products handed out
}

// enter counts one more build or product of a tenant.
func (b *Builder) enter(name string) *tenant {
	t := b.tenants[name]
	if t == nil {
		// A tenant gets all slots but one, so that one is left for the others.
		t = &tenant{slots: semaphore.NewWeighted(max(b.cfg.AtOnce-1, 1))}
		b.tenants[name] = t
	}
	t.users++
	return t
}

// leave counts one build or product less.
func (b *Builder) leave(name string) {
	t := b.tenants[name]
	if t.users--; t.users == 0 {
		delete(b.tenants, name)
	}
}

// acquireSlot waits until a build may start; done gives its slot back.
func (b *Builder) acquireSlot(f *flight) (done func(), err error) {
	b.mu.Lock()
	t := b.enter(f.order.Tenant)
	b.mu.Unlock()
	held := []*semaphore.Weighted{}
	done = func() {
		for _, slots := range held {
			slots.Release(1)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.leave(f.order.Tenant)
	}
	told := false
	for _, slots := range []*semaphore.Weighted{t.slots, b.slots} {
		if !slots.TryAcquire(1) {
			if !told {
				f.output.note("waiting for other builds on this server\n")
				told = true
			}
			if err := slots.Acquire(b.base, 1); err != nil {
				done()
				return nil, errNoStart
			}
		}
		held = append(held, slots)
	}
	return done, nil
}
