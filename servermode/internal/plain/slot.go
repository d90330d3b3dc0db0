package plain

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/activation"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/outcome"
)

// slot is the one function of a plain caller's tenant. The function is in the table
// like any other. When it has left the table, the slot is free.
type slot struct {
	lease string
	body  [sha256.Size]byte // of its init
	init  *activation.Run

	key      function.Key // set when ready is
	ready    bool         // initialised; guarded by slots.mu
	inFlight int          // runs; guarded by slots.mu
}

// slots are the plain callers' functions, by tenant. Methods are called with mu
// held.
type slots struct {
	mu    sync.Mutex // guards what follows
	taken map[string]*slot
}

// leave frees the tenant's slot if it is still this one.
func (s *slots) leave(tenant string, mine *slot) {
	if s.taken[tenant] == mine {
		delete(s.taken, tenant)
	}
}

// initKey tells inits apart. An init is joined only by the same init for the same
// slot.
func initKey(tenant string, s *slot) activation.Key {
	return activation.Key{Key: function.Key{Tenant: tenant, Identity: s.body}, ID: s.lease}
}

// enterInit takes the tenant's slot (first), or finds the same init in flight. If
// the slot is filled, or another init is in flight for it, current is nil.
func (d *Dialect) enterInit(ctx context.Context, tenant string, body [sha256.Size]byte) (mine *slot, current *activation.Run, first bool) {
	d.slots.mu.Lock()
	defer d.slots.mu.Unlock()
	mine = d.slots.taken[tenant]
	taken := mine != nil && (!mine.ready || d.knows(mine.key)) // else evicted, or its lease ran out
	if !taken {
		mine = &slot{lease: uuid.NewString(), body: body}
	} else if mine.body != body {
		return mine, nil, false
	}
	current, first, _ = d.inits.Enter(ctx, initKey(tenant, mine), time.Time{}, taken)
	if first {
		mine.init = current
		d.slots.taken[tenant] = mine
	}
	return mine, current, first
}

// settle fills the slot after an init, or frees it. An init whose slot was freed
// meanwhile has failed.
func (d *Dialect) settle(tenant string, mine *slot, key function.Key, err error) error {
	d.slots.mu.Lock()
	if err == nil {
		mine.key, mine.ready = key, true
	} else {
		d.slots.leave(tenant, mine)
	}
	freed := err == nil && d.slots.taken[tenant] != mine
	d.slots.mu.Unlock()
	if freed {
		d.service.Table.Stop(key, mine.lease)
		return activation.ErrCancelled
	}
	return err
}

// enterRun records a run, or joins the run in flight with the same id. Without
// concurrency a second run is refused: current is nil. A tenant without a function
// gets a slot that is nil.
func (d *Dialect) enterRun(ctx context.Context, tenant, id string) (in *slot, current *activation.Run, first bool, err error) {
	d.slots.mu.Lock()
	defer d.slots.mu.Unlock()
	in = d.slots.taken[tenant]
	if in == nil || !in.ready {
		return nil, nil, false, nil
	}
	busy := in.inFlight > 0 && !d.concurrent
	current, first, err = d.service.Activations.Enter(ctx, activation.Key{Key: in.key, ID: id}, time.Time{}, busy)
	if first {
		in.inFlight++
	}
	return in, current, first, err
}

// leaveRun records a run's outcome. A function that is no longer known leaves its
// slot.
func (d *Dialect) leaveRun(in *slot, current *activation.Run, result []byte, err error) {
	unknown := err != nil && outcome.Refusal(err).Reason == runtimespec.UnknownFunction
	d.slots.mu.Lock()
	in.inFlight--
	if unknown {
		d.slots.leave(in.key.Tenant, in)
	}
	d.slots.mu.Unlock()
	if unknown {
		d.service.Table.Stop(in.key, in.lease)
		err = errNoAction
	}
	d.service.Activations.Finish(current, result, err)
}

// Stop frees the tenant's slot. It is idempotent.
func (d *Dialect) Stop(c *endpoint.Call, _ []byte) error {
	d.slots.mu.Lock()
	was := d.slots.taken[c.Tenant]
	delete(d.slots.taken, c.Tenant)
	ready := was != nil && was.ready
	d.slots.mu.Unlock()
	switch {
	case ready:
		d.service.Table.Stop(was.key, was.lease)
	case was != nil:
		was.init.Cancel()
	}
	return c.Done()
}

// knows reports whether the table has a function.
func (d *Dialect) knows(key function.Key) bool {
	return slices.ContainsFunc(d.service.Table.List(key.Tenant), func(f function.Snapshot) bool { return f.Key == key })
}
