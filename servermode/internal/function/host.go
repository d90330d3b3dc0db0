package function

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/whiskaway/whiskaway/servermode/eviction"
)

// host shares the host's processes and queues out among functions. What it
// decides is in room; here it is locked and carried out.
type host struct {
	table *Table

	mu     sync.Mutex // guards what follows; taken after a function's lock, if both
	room   room
	queues queues
	spare  bool   // memory was left when it was last looked at
	looks  uint64 // how often requests were looked at

	// startsPending says that some start waits for a place, so that an instance that
	// becomes idle may have to yield its own.
	startsPending atomic.Bool
}

func newHost(t *Table) *host {
	return &host{table: t, room: newRoom(), queues: queues{tenants: map[string]int{}}}
}

// permitTime is how long a start keeps others waiting for a permit at most: one that
// takes longer builds something, or loads a model.
const permitTime = time.Second

// enter waits until one more process may be started for a function; it waits as
// a run in a queue does. With a ticket, began must follow.
func (h *host) enter(ctx context.Context, key Key) (ticket *startRequest, err error) {
	w := &startRequest{key: key, granted: make(chan struct{})}
	h.mu.Lock()
	h.room.requests = append(h.room.requests, w)
	h.mu.Unlock()
	h.advance()
	select {
	case <-w.granted:
	default:
		if err := h.await(ctx, w); err != nil {
			return nil, err
		}
	}
	time.AfterFunc(permitTime, func() { h.release(w) })
	return w, nil
}

// await waits for a grant, unless too many wait already.
func (h *host) await(ctx context.Context, w *startRequest) error {
	var refused error
	if h.enqueue(w.key.Tenant) {
		defer h.dequeue(w.key.Tenant)
		select {
		case <-w.granted:
			return nil
		case <-ctx.Done():
			refused = overdue(ctx)
		}
	} else {
		refused = &SaturatedError{What: hostFull}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.room.remove(w) {
		return nil // it was granted just then
	}
	return refused
}

// release lets the next one start, although a start that has its place goes on.
func (h *host) release(w *startRequest) {
	h.mu.Lock()
	held := h.room.release(w)
	h.mu.Unlock()
	if held {
		h.advance()
	}
}

// began ends a start: its process counts, or, if there is none (it failed, or
// found a place in another), does not. Without a ticket the process counts that
// was started because one with an open seat was gone.
func (h *host) began(key Key, ticket *startRequest, process bool) {
	h.mu.Lock()
	switch {
	case ticket != nil:
		h.room.release(ticket)
		if !process {
			h.room.add(key, -1)
		}
	case process:
		h.room.add(key, 1)
	}
	h.mu.Unlock()
	if ticket != nil {
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

// advance grants what there is place for, and makes place for the rest. One that
// is called meanwhile may have seen what the first did not, and has it look again.
func (h *host) advance() {
	for h.grant() && h.makeRoom() {
	}
}

// grant grants requests and reports whether some are left for which something has
// to end.
func (h *host) grant() bool {
	cfg := h.table.cfg.Load()
	spare := cfg.spare()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.room.limit, h.room.starts = cfg.Processes, cfg.Starts
	for w := h.room.next(spare); w != nil; w = h.room.next(spare) {
		close(w.granted)
	}
	h.startsPending.Store(len(h.room.requests) > 0)
	h.looks++
	h.spare = spare
	return h.room.short(spare) > 0
}

// makeRoom has idle processes end, or, with too few of them, one of the function
// that has to yield a slot when its run has ended. It reports whether to look again:
// with too few, when another call has looked meanwhile.
func (h *host) makeRoom() (again bool) {
	h.mu.Lock()
	short, looks := h.room.short(h.spare), h.looks
	w := h.room.first()
	if short == 0 || w == nil {
		h.mu.Unlock()
		return false
	}
	more := h.room.functions[w.key] > 0
	key, over := h.room.over(w)
	h.room.ending += short // until it is known how many can
	h.mu.Unlock()

	short -= h.table.evict(eviction.Need{Places: short}, CauseRoom, more)
	if short > 0 && over && h.table.yieldSlot(key) {
		short--
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.room.ending -= short
	return short > 0 && h.looks != looks
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
