package function

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/whiskaway/whiskaway/servermode/eviction"
)

// host shares the host's processes and queues out among functions. What it
// decides is in room; here it is locked and carried out.
type host struct {
	table *Table

	mu     sync.Mutex // guards what follows; taken after a function's lock, if both
	room   room
	queues queues

	// hungry: some start waits for a place, so whoever becomes idle may have to
	// give way.
	hungry atomic.Bool
}

func newHost(t *Table) *host {
	return &host{table: t, room: newRoom(), queues: queues{tenants: map[string]int{}}}
}

// enter waits until one more process may be started for a function. began or
// gone must follow.
func (h *host) enter(ctx context.Context, key Key) error {
	w := &want{key: key, granted: make(chan struct{})}
	h.mu.Lock()
	h.room.wants = append(h.room.wants, w)
	h.mu.Unlock()
	h.advance()
	select {
	case <-w.granted:
		return nil
	default:
	}
	select {
	case <-w.granted:
		return nil
	case <-ctx.Done():
		h.mu.Lock()
		waited := h.room.remove(w)
		h.mu.Unlock()
		if !waited {
			return nil // it was granted just then
		}
		return overdue(ctx)
	}
}

// began ends a start: its process counts, or, if there is none (it failed, or
// found a place in another), does not.
func (h *host) began(key Key, entered, process bool) {
	h.mu.Lock()
	if entered {
		h.room.starting--
	}
	switch {
	case entered && !process:
		h.room.add(key, -1)
	case !entered && process: // the process whose open seat it wanted is gone
		h.room.add(key, 1)
	}
	h.mu.Unlock()
	if entered {
		h.advance()
	}
}

// gone gives back processes that have ended; told of them were told to.
func (h *host) gone(key Key, processes, told int) {
	if processes == 0 && told == 0 {
		return
	}
	h.mu.Lock()
	h.room.add(key, -processes)
	h.room.ending -= told
	h.mu.Unlock()
	h.advance()
}

// advance grants what there is place for, and makes place for the rest: idle
// processes end, or, with too few of them, one of the function that has to give
// way when its run has ended.
func (h *host) advance() {
	cfg := h.table.cfg.Load()
	spare := cfg.spare()
	h.mu.Lock()
	h.room.limit, h.room.starts = cfg.Processes, cfg.Starts
	for w := h.room.next(spare); w != nil; w = h.room.next(spare) {
		close(w.granted)
	}
	short := h.room.short(spare)
	h.hungry.Store(short > 0)
	if short == 0 {
		h.mu.Unlock()
		return
	}
	w := h.room.first()
	more := h.room.functions[w.key] > 0
	key, over := h.room.over(w)
	h.room.ending += short // until it is known how many can
	h.mu.Unlock()

	short -= h.table.evict(eviction.Need{Places: short}, CauseRoom, more)
	if short > 0 && over && h.table.giveWay(key) {
		short--
	}
	h.mu.Lock()
	h.room.ending -= short
	h.mu.Unlock()
}

// enqueue asks whether one more run of a tenant may wait; dequeue must follow.
func (h *host) enqueue(tenant string) bool {
	limit := h.table.cfg.Load().QueueTotal
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.queues.admits(tenant, limit) {
		return false
	}
	h.queues.add(tenant, 1)
	return true
}

func (h *host) dequeue(tenant string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.queues.add(tenant, -1)
}

// spare reports whether there is memory for one more process.
func (c *Config) spare() bool {
	if c.Memory == nil {
		return true
	}
	m := c.Memory()
	return m.Available > m.Reserve
}
