package admission

import (
	"context"
	"slices"
	"sync"
)

// Memory bounds what the bodies of requests weigh together. With several
// tenants, a tenant may hold at most as much as it leaves free, whether others
// want some or not: a caller that sends slowly holds its part for minutes. Inits
// hold at most half of it.
type Memory struct {
	mu      sync.Mutex // guards what follows
	max     int64
	several bool // tenants
	used    usage
	tenants map[string]*share // those that have or want some
	waiters []*waitingBody    // in turn
}

// Class is what a body is of.
type Class int

// Classes of bodies.
const (
	RunBody Class = iota
	InitBody
)

// Small is the size up to which a body need not wait for memory.
func (c Class) Small() int64 {
	if c == InitBody {
		return 64 << 10
	}
	return 1 << 20
}

// usage is memory in use, in bytes.
type usage struct {
	all   int64
	inits int64 // of all
}

func (u *usage) add(in Class, size int64) {
	u.all += size
	if in == InitBody {
		u.inits += size
	}
}

// share is what a tenant holds, and how many of its requests hold or want some.
type share struct {
	usage
	requests int
}

// waitingBody is a body that waits for memory.
type waitingBody struct {
	tenant  string
	class   Class
	size    int64
	granted chan struct{} // closed when it has it
}

// NewMemory returns memory of which there is none yet.
func NewMemory() *Memory { return &Memory{tenants: map[string]*share{}} }

// Limit changes how much there is, and whether tenants share it.
func (m *Memory) Limit(n int64, several bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.max, m.several = n, several
	m.grant()
}

// Acquire waits until a body fits, or ctx ends. What is larger than all memory
// fits when there is nothing else.
func (m *Memory) Acquire(ctx context.Context, tenant string, in Class, size int64) error {
	m.mu.Lock()
	s := m.tenants[tenant]
	if s == nil {
		s = &share{}
		m.tenants[tenant] = s
	}
	s.requests++
	w := &waitingBody{tenant, in, size, make(chan struct{})}
	m.waiters = append(m.waiters, w)
	m.grant()
	m.mu.Unlock()
	select {
	case <-w.granted:
		return nil
	case <-ctx.Done():
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.Index(m.waiters, w)
	if at < 0 {
		return nil // it was granted meanwhile
	}
	m.waiters = slices.Delete(m.waiters, at, at+1)
	m.leave(tenant)
	m.grant()
	return context.Cause(ctx)
}

// Shrink gives back what a body does not need of the size that was acquired.
func (m *Memory) Shrink(tenant string, in Class, by int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used.add(in, -by)
	m.tenants[tenant].add(in, -by)
	m.grant()
}

// Release gives a body's memory back.
func (m *Memory) Release(tenant string, in Class, size int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used.add(in, -size)
	m.tenants[tenant].add(in, -size)
	m.leave(tenant)
	m.grant()
}

// leave ends a request.
func (m *Memory) leave(tenant string) {
	s := m.tenants[tenant]
	if s.requests--; s.requests == 0 {
		delete(m.tenants, tenant)
	}
}

// grant gives memory to the bodies that wait, in turn. A tenant at its share is
// skipped. A body that is within its tenant's share but not within the free
// memory blocks those behind it: otherwise large bodies starve. An init blocks
// only inits: runs never wait for one that is sent slowly.
func (m *Memory) grant() {
	initsBlocked := false
	for i := 0; i < len(m.waiters); {
		w := m.waiters[i]
		switch {
		case w.class == InitBody && initsBlocked || m.atShare(w):
			i++
			continue
		case !m.fits(w) && w.class == InitBody:
			initsBlocked = true
			i++
			continue
		case !m.fits(w):
			return
		}
		m.used.add(w.class, w.size)
		m.tenants[w.tenant].add(w.class, w.size)
		close(w.granted)
		m.waiters = slices.Delete(m.waiters, i, i+1)
	}
}

// atShare reports whether a tenant would hold more than it leaves free, of all
// memory or of the inits' half.
func (m *Memory) atShare(w *waitingBody) bool {
	s := m.tenants[w.tenant]
	if !m.several {
		return false
	}
	return s.all > 0 && s.all+w.size > m.max-m.used.all ||
		w.class == InitBody && s.inits > 0 && s.inits+w.size > m.max/2-m.used.inits
}

// fits reports whether there is room for a body, or it is larger than what there
// is at all and has it to itself.
func (m *Memory) fits(w *waitingBody) bool {
	if w.class == InitBody && m.used.inits > 0 && m.used.inits+w.size > m.max/2 {
		return false
	}
	return m.used.all == 0 || m.used.all+w.size <= m.max
}
