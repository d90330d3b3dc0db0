package backend

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

type inventory = state.Inventory

const (
	// pauseChanged passes between two readings of a server's inventory that says that
	// it has changed.
	pauseChanged = 50 * time.Millisecond
	// pauseSilent is how many checks pass where a server never says.
	pauseSilent = 20
	// pauseCost is how many times as long as a reading takes passes to the next one.
	pauseCost = 50

	inventoryTime = 5 * time.Second // that a server may take to tell it
	maxInventory  = 64 << 20        // bytes
	untold        = "it does not tell its inventory: "
)

// reading is when a server's inventory is read.
type reading struct {
	mu   sync.Mutex // guards what follows
	busy bool
	last time.Time
	took time.Duration // to ask and to take it in
}

// due reports whether the inventory is to be read now: then done is called after it.
func (r *reading) due(pause time.Duration, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy || now.Sub(r.last) < max(pause, pauseCost*r.took) {
		return false
	}
	r.busy = true
	return true
}

// done is the end of a reading; took is 0 where what it cost is not known.
func (r *reading) done(at time.Time, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy, r.last = false, at
	if took > 0 {
		r.took = took
	}
}

// ReadInventory asks a server for its inventory, unless it was asked a moment ago.
func (f *Fleet) ReadInventory(e state.ReadInventory) {
	b, pause := Of(e.Server), pauseChanged
	if e.Changes == 0 {
		pause = f.Settings().CheckEvery * pauseSilent
	}
	if !b.inventory.due(pause, time.Now()) {
		return
	}
	f.Work.Go(func() {
		asked := time.Now()
		all, problem := f.readInventory(f.Work, b)
		if problem != "" {
			b.inventory.done(asked, 0) // again after a pause
			return
		}
		told := time.Now()
		added, gone, ok := f.State.InventoryRead(e.Server, e.Incarnation, e.Changes, all, asked, told)
		if !ok {
			b.inventory.done(asked, 0)
			return
		}
		// Others wait for the lock meanwhile, and all servers are looked at.
		servers, _, _ := f.State.Counts()
		b.inventory.done(asked, max(time.Since(asked), time.Since(told)*time.Duration(servers)))
		f.Log.Debug("server's inventory", zap.String("server", b.name), zap.Int("new", added), zap.Int("gone", gone))
	})
}

// readInventory asks a server for what it has of all tenants.
func (f *Fleet) readInventory(ctx context.Context, b *Backend) (all inventory, problem string) {
	ctx, cancel := context.WithTimeout(ctx, inventoryTime)
	defer cancel()
	status, text, err := b.Functions(ctx, true, f.Incarnation, "")
	var said struct{ Functions []listed }
	switch {
	case err != nil:
		return nil, untold + err.Error()
	case status == runtimespec.Unauthorized.Status() || status == runtimespec.Forbidden.Status():
		return nil, "it does not take the balancer's token: set --servers-token-file"
	case status != okay:
		return nil, untold + fmt.Sprintf("it answers status %d", status)
	case json.Unmarshal(text, &said) != nil:
		return nil, untold + "what it answers makes no sense"
	}
	return collect(said.Functions), ""
}

// listed is a function as a server lists it.
type listed struct{ Function, Tenant, Name, State string }

// collect leaves out what makes no sense, or is about to end. A function that is at
// several servers behind a balancer is cold if it is cold at all of them.
func collect(all []listed) inventory {
	out := make(inventory, len(all))
	for _, l := range all {
		identity, err := runtimespec.ParseDigest(l.Function)
		if err != nil || l.State == "draining" || len(l.Tenant) > runtimespec.MaxActivation {
			continue
		}
		k := state.Key{Tenant: l.Tenant, Identity: identity}
		before, again := out[k]
		out[k] = state.Held{Action: l.Name, Cold: l.State == "cold" && (!again || before.Cold)}
	}
	return out
}

// Functions asks the server for its functions: of a tenant, or of all. Brief is what
// is quickly found out.
func (b *Backend) Functions(ctx context.Context, brief bool, hops, tenant string) (status int, text []byte, err error) {
	path := runtimespec.PathFunctions
	if brief {
		path += "?brief=true"
	}
	header := upstream.Header{{Name: runtimespec.HeaderHops, Value: hops}}
	if tenant != "" {
		header = append(header, upstream.Field{Name: runtimespec.HeaderTenant, Value: tenant})
	}
	resp, err := b.probe.Send(ctx, &upstream.Request{Get: true, Path: path, Header: header})
	if err != nil {
		return 0, nil, err
	}
	defer resp.Close()
	text, err = io.ReadAll(io.LimitReader(resp, maxInventory))
	return resp.Status, text, err
}
