package function

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/whiskaway/whiskaway/servermode/eviction"
)

// host shares the host's processes and queues out among functions. Its room decides;
// the host locks it and carries the decisions out.
type host struct {
	table *Table

	mu     sync.Mutex // guards what follows; taken after a function's lock where both are
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

// permitTime is the longest that a start keeps its permit. A longer one builds
// something or initialises a model, and the next start need not wait for that.
const permitTime = time.Second

// enter waits until one more process may be started for a function, as a run waits
// in a queue. After it returned a ticket, startEnded must follow.
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

// release gives a start's permit to the next start. The start itself goes on.
func (h *host) release(w *startRequest) {
	h.mu.Lock()
	held := h.room.release(w)
	h.mu.Unlock()
	if held {
		h.advance()
	}
}

// startEnded records the end of a start. It counts the process that the start made,
// if it made one. There is none if the start failed, or joined a process that was
// there. Without a ticket the start was to join a process, which had ended, and made
// another.
func (h *host) startEnded(key Key, ticket *startRequest, process bool) {
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

// gone gives back the places of processes that have ended. told is how many of them
// were told to end.
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

// advance grants the requests that there is place for, and makes place for the rest.
// A concurrent call may have seen what this one did not; then this one looks again.
func (h *host) advance() {
	for h.grant() && h.makeRoom() {
	}
}

// grant grants requests and reports whether some are left that need another process
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

// makeRoom ends idle processes. If these are too few, it makes one busy function
// yield a slot when its run has ended. It reports whether to look again: these were
// too few, and another call has looked meanwhile.
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
	h.room.ending += short // corrected below to what can end
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

// enqueue reports whether one more run of a tenant may wait. If so, dequeue must
// follow.
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
