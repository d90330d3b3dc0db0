package state_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/queue"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// rig is a state whose clock stands still unless the test moves it, and the effects
// of the last event.
type rig struct {
	*state.State
	t       testing.TB
	now     time.Time
	servers []*state.Server
	fx      []state.Effect
}

var limits = state.Settings{Lease: time.Minute, InitTimeout: time.Minute, Functions: 100, Queue: queue.Limits{Entries: 10, Bytes: 1 << 20}, QueueWait: 10 * time.Second}

func newRig(t testing.TB, servers ...string) *rig {
	r := &rig{t: t, now: time.Unix(1000, 0)}
	p, err := policy.New("warm")
	require.NoError(t, err)
	settings := limits
	settings.Policy = p
	r.State = state.New(state.Options{Rand: rand.New(rand.NewPCG(1, 2)), Incarnation: "the balancer"}, settings)
	r.list(servers...)
	for _, s := range r.servers {
		r.ready(s, 4)
	}
	return r
}

// did notes the effects of an event.
func (r *rig) did(fx []state.Effect) { r.fx = fx }

// list makes servers the members, known ones and new ones.
func (r *rig) list(names ...string) {
	all := make([]state.Member, len(names))
	for i, name := range names {
		all[i] = state.Member{Name: name}
		for _, s := range r.servers {
			if s.Name == name {
				all[i].Server = s
			}
		}
	}
	r.did(r.ServersListed(all, r.now))
	r.servers = nil
	for _, m := range all {
		r.servers = append(r.servers, m.Server)
	}
}

// ready has a server identified and checked, with so many slots.
func (r *rig) ready(s *state.Server, slots int) {
	r.Identified(s, s.Name, 1, nil, r.now, r.now)
	r.did(r.Checked(s, state.Readiness{Ready: true, Changes: 1, Load: &runtimespec.Load{Slots: slots, Changes: 1}}, r.now))
}

func key(name string) state.Key {
	return state.Key{Tenant: "t", Identity: runtimespec.Digest{0: name[0]}}
}

// function is one that can be initialised, with a lease of its name.
func (r *rig) function(name string) *state.Function {
	f, err := r.InitArrived(key(name), name, &state.Recipe{Whole: true, Action: name}, r.now)
	require.NoError(r.t, err)
	return f
}

// readyAt makes a function ready at servers.
func (r *rig) readyAt(f *state.Function, servers ...*state.Server) {
	for _, s := range servers {
		_, _, ok := r.InventoryRead(s, s.Name, 1, state.Inventory{f.Key: {}}, r.now, r.now)
		require.True(r.t, ok)
	}
}

// arrived is a run of a function.
func (r *rig) arrived(f *state.Function, id string) *state.Run {
	run := &state.Run{Key: f.Key, Tenant: f.Key.Tenant, Activation: id, Waiting: &state.Waiting{}}
	first, err := r.RunArrived(run, "", r.now)
	require.NoError(r.t, err)
	require.Nil(r.t, first)
	return run
}

// picked is a run that was sent to a server.
func (r *rig) picked(f *state.Function, id string) *state.Run {
	run := r.arrived(f, id)
	require.NoError(r.t, r.pick(run))
	return run
}

func (r *rig) pick(run *state.Run) error {
	fx, err := r.Pick(run, r.now)
	r.did(fx)
	return err
}

// answered ends a run at its server, which has so many slots.
func (r *rig) answered(run *state.Run, slots int) {
	r.did(r.Answered(run, policy.Answer{Took: time.Millisecond}, &runtimespec.Load{Slots: slots, Changes: 1}, r.now))
}

// full has a server refuse a run for want of room.
func (r *rig) full(run *state.Run, retryAfter time.Duration) {
	r.did(r.Refused(run, runtimespec.Saturated, retryAfter, &runtimespec.Load{InFlight: 1, Slots: 1, Changes: 1}, r.now))
}

func (r *rig) enqueue(run *state.Run) error {
	fx, err := r.Enqueue(run, r.now)
	r.did(fx)
	return err
}

// status is a server as it is seen.
func (r *rig) status(s *state.Server) state.View {
	for _, v := range r.View(r.now) {
		if v.Name == s.Name {
			return v
		}
	}
	return state.View{}
}

// wakes are the runs of the last effects that were woken, by activation.
func (r *rig) wakes() (ids []string) {
	for _, e := range r.fx {
		if w, ok := e.(state.Wake); ok {
			ids = append(ids, w.Run.Activation)
		}
	}
	return ids
}

// inits are the inits of the last effects: function@server.
func (r *rig) inits() (all []string) {
	for _, i := range r.started() {
		all = append(all, fmt.Sprintf("%s@%s", i.Recipe.Action, i.Server.Name))
	}
	return all
}

func (r *rig) started() (all []*state.Init) {
	for _, e := range r.fx {
		if i, ok := e.(state.StartInit); ok {
			all = append(all, i.Init)
		}
	}
	return all
}

func (r *rig) done(i *state.Init, ready bool) (orphaned bool) {
	orphaned, r.fx = r.InitDone(i, ready, false, r.now)
	return orphaned
}
