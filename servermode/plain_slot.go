package servermode

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// slot is the one function that a plain caller's tenant has. The function is in
// the table like any other; when it has gone from there, the slot is free.
type slot struct {
	lease  string
	body   [sha256.Size]byte       // of its init
	cancel context.CancelCauseFunc // ends the init

	key      function.Key // set when ready is
	ready    bool         // initialised; guarded by plainSlots.mu
	inFlight int          // runs; guarded by plainSlots.mu
}

// plainSlots are the plain callers' functions, by tenant.
type plainSlots struct {
	mu    sync.Mutex // guards what follows
	taken map[string]*slot
}

// leave frees the tenant's slot if it is still this one; the caller holds mu.
func (s *plainSlots) leave(tenant string, mine *slot) (was bool) {
	if was = s.taken[tenant] == mine; was {
		delete(s.taken, tenant)
	}
	return was
}

// initKey tells inits apart: only the same one for the same slot is joined.
func initKey(tenant string, s *slot) activationKey {
	return activationKey{function.Key{Tenant: tenant, Identity: s.body}, s.lease}
}

// enterInit takes the tenant's slot (first), or finds the same init in flight.
// When it is too late for either, current is nil.
func (p *plain) enterInit(ctx context.Context, tenant string, body [sha256.Size]byte) (mine *slot, current *activation, first bool) {
	p.slots.mu.Lock()
	defer p.slots.mu.Unlock()
	mine = p.slots.taken[tenant]
	taken := mine != nil && (!mine.ready || p.server.knows(mine.key)) // else evicted, or its lease ran out
	if !taken {
		mine = &slot{lease: uuid.NewString(), body: body}
	} else if mine.body != body {
		return mine, nil, false
	}
	current, first, _ = p.inits.enter(ctx, initKey(tenant, mine), time.Time{}, taken)
	if first {
		mine.cancel = current.cancel
		p.slots.taken[tenant] = mine
	}
	return mine, current, first
}

// settle fills the slot or frees it, as an init came out. One whose slot was
// freed meanwhile has failed.
func (p *plain) settle(tenant string, mine *slot, key function.Key, err error) error {
	p.slots.mu.Lock()
	if err == nil {
		mine.key, mine.ready = key, true
	} else {
		p.slots.leave(tenant, mine)
	}
	freed := err == nil && p.slots.taken[tenant] != mine
	p.slots.mu.Unlock()
	if freed {
		p.server.table.Stop(key, mine.lease)
		return errCancelled
	}
	return err
}

// enterRun records a run; one with the id of a run in flight joins it. Without
// concurrency another at the same time is refused: current is nil. Without a
// function in is.
func (p *plain) enterRun(ctx context.Context, tenant, id string) (in *slot, current *activation, first bool, err error) {
	p.slots.mu.Lock()
	defer p.slots.mu.Unlock()
	in = p.slots.taken[tenant]
	if in == nil || !in.ready {
		return nil, nil, false, nil
	}
	busy := in.inFlight > 0 && !p.concurrent
	current, first, err = p.server.activations.enter(ctx, activationKey{in.key, id}, time.Time{}, busy)
	if first {
		in.inFlight++
	}
	return in, current, first, err
}

// leaveRun records a run's outcome. A function that is not known any more has
// left its slot.
func (p *plain) leaveRun(in *slot, id string, current *activation, result []byte, err error) {
	unknown := err != nil && asRefusal(err).Reason == runtimespec.UnknownFunction
	p.slots.mu.Lock()
	in.inFlight--
	if unknown {
		p.slots.leave(in.key.Tenant, in)
	}
	p.slots.mu.Unlock()
	if unknown {
		p.server.table.Stop(in.key, in.lease)
		err = errNoAction
	}
	p.server.activations.leave(activationKey{in.key, id}, current, result, err)
}

// stop frees the tenant's slot. It is idempotent.
func (p *plain) stop(c *call, _ []byte) error {
	p.slots.mu.Lock()
	was := p.slots.taken[c.Tenant]
	delete(p.slots.taken, c.Tenant)
	ready := was != nil && was.ready
	p.slots.mu.Unlock()
	switch {
	case ready:
		p.server.table.Stop(was.key, was.lease)
	case was != nil:
		was.cancel(errCancelled)
	}
	return c.Done()
}

// knows reports whether the table has a function.
func (s *Server) knows(key function.Key) bool {
	return slices.ContainsFunc(s.table.List(key.Tenant), func(f function.Snapshot) bool { return f.Key == key })
}
