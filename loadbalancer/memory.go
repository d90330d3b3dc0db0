package loadbalancer

import (
	"context"
	"slices"
	"sync"
)

// memory bounds what the bodies of requests weigh together. Where there are
// several tenants, one may have as much as is left, whether others want some or
// not: a caller that sends slowly holds its part for minutes.
type memory struct {
	mu      sync.Mutex // guards what follows
	max     int64
	several bool // tenants
	used    int64
	tenants map[string]*share // those that have or want some
	waiting []*wanting        // in turn
}

// share is what a tenant has, in bytes, and how many of its requests have or
// want some.
type share struct {
	bytes    int64
	requests int
}

// wanting is a body that waits for memory.
type wanting struct {
	tenant string
	size   int64
	given  chan struct{} // closed when it has it
}

func newMemory() *memory { return &memory{tenants: map[string]*share{}} }

// limit changes how much there is, and for whom.
func (m *memory) limit(n int64, several bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.max, m.several = n, several
	m.give()
}

// acquire waits until a body fits, or ctx ends. What is larger than all memory
// fits when there is nothing else.
func (m *memory) acquire(ctx context.Context, tenant string, size int64) error {
	m.mu.Lock()
	s := m.tenants[tenant]
	if s == nil {
		s = &share{}
		m.tenants[tenant] = s
	}
	s.requests++
	w := &wanting{tenant, size, make(chan struct{})}
	m.waiting = append(m.waiting, w)
	m.give()
	m.mu.Unlock()
	select {
	case <-w.given:
		return nil
	case <-ctx.Done():
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.Index(m.waiting, w)
	if at < 0 {
		return nil // it was given meanwhile
	}
	m.waiting = slices.Delete(m.waiting, at, at+1)
	m.leave(tenant)
	m.give()
	return context.Cause(ctx)
}

// shrink gives back what a body does not need of the size that was acquired.
func (m *memory) shrink(tenant string, by int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used -= by
	m.tenants[tenant].bytes -= by
	m.give()
}

// release gives a body's memory back.
func (m *memory) release(tenant string, size int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used -= size
	m.tenants[tenant].bytes -= size
	m.leave(tenant)
	m.give()
}

// leave ends a request; the caller holds mu.
func (m *memory) leave(tenant string) {
	s := m.tenants[tenant]
	if s.requests--; s.requests == 0 {
		delete(m.tenants, tenant)
	}
}

// give gives memory to whose turn it is. Who has its share already is passed
// over; who only waits for others' bodies holds up those behind it, or it would
// never get as much as it needs. The caller holds mu.
func (m *memory) give() {
	for i := 0; i < len(m.waiting); {
		w := m.waiting[i]
		s, left := m.tenants[w.tenant], m.max-m.used
		switch {
		case m.several && s.bytes > 0 && s.bytes+w.size > left:
			i++
			continue
		case w.size > left && m.used > 0:
			return
		}
		m.used += w.size
		s.bytes += w.size
		close(w.given)
		m.waiting = slices.Delete(m.waiting, i, i+1)
	}
}
