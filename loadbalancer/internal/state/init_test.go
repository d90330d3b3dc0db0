package state_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

func (r *rig) place(f *state.Function) state.Placed {
	found, fx, err := r.PlaceInit(&state.Placing{Function: f}, r.now)
	require.NoError(r.t, err)
	r.did(fx)
	return found
}

func TestPlaceInit_TheFirstCallerOwnsTheLog(t *testing.T) {
	r := newRig(t, "a")
	f := r.function("f")
	first := r.place(f)
	assert.Equal(t, []string{"f@a"}, r.inits())
	assert.True(t, first.Claimed)
	second := r.place(f)
	assert.Same(t, first.Init, second.Init)
	assert.False(t, second.Claimed)
	r.done(first.Init, true)
	assert.Nil(t, r.place(f).Init, "it is ready there")
}

func TestPlaceInit_PassesOverServersThatRefused(t *testing.T) {
	r := newRig(t, "a", "b")
	p := &state.Placing{Function: r.function("f")}
	first, _, err := r.PlaceInit(p, r.now)
	require.NoError(t, err)
	r.done(first.Init, false)
	p.PassOver(first.Server)
	second, _, err := r.PlaceInit(p, r.now)
	require.NoError(t, err)
	assert.NotSame(t, first.Server, second.Server)
	p.PassOver(second.Server)
	_, _, err = r.PlaceInit(p, r.now)
	assert.Equal(t, state.ErrNoServer, err)
}

func TestInitDone_ByADrainingServer(t *testing.T) {
	r := newRig(t, "a")
	i := r.place(r.function("f")).Init
	orphaned, fx := r.InitDone(i, false, true, r.now)
	assert.False(t, orphaned)
	assert.Contains(t, fx, state.Check{Server: r.servers[0]})
	assert.Equal(t, "draining", r.status(r.servers[0]).Health.String())
}

// A function whose last lease ends while it is initialised is stopped when that is
// over, unless a caller needs it again by then.
func TestLeaseEnded_WithAnInitInFlight(t *testing.T) {
	for name, again := range map[string]bool{"it is not needed": false, "it is needed again": true} {
		r := newRig(t, "a")
		f := r.function("f")
		i := r.place(f).Init
		last, stop := r.LeaseEnded(f.Key, "f", r.now)
		assert.True(t, last, name)
		assert.Empty(t, stop.At, "it is ready nowhere")
		if again {
			assert.Same(t, f, r.function("f"), name)
			assert.Same(t, i, r.place(f).Init, name)
		}
		assert.Equal(t, !again, r.done(i, true), name)
		_, functions, _ := r.Counts()
		assert.Equal(t, again, functions == 1, name)
	}
}

// A run that knows a function from before it was forgotten has it initialised where it
// is ready by now. That init is the only one there, whatever becomes of the function.
func TestPick_AFunctionThatWasForgottenHasOneInitAtAServer(t *testing.T) {
	r := newRig(t, "a", "b")
	run := r.arrived(r.function("f"), "1")
	for _, lease := range []string{"f", ""} {
		r.LeaseEnded(run.Key, lease, r.now)
	}
	f := r.function("f")
	r.readyAt(f, r.servers...)
	require.NoError(t, r.pick(run))
	require.Len(t, r.inits(), 1)
	at, other := run.Server, r.servers[0]
	if other == at {
		other = r.servers[1]
	}
	_, gone, _ := r.InventoryRead(at, at.Name, 2, nil, r.now.Add(time.Second), r.now.Add(time.Second))
	require.Equal(t, 1, gone)
	fx, err := r.Drain(other, r.now)
	require.NoError(t, err)
	r.did(fx)
	assert.Empty(t, r.inits(), "one is in flight where the function goes")
	assert.False(t, r.done(run.Init, true))
	assert.Equal(t, at, r.picked(f, "2").Server)
}

func TestLeaseEnded_TheLastOneStopsTheFunction(t *testing.T) {
	r := newRig(t, "a", "b")
	f := r.function("f")
	r.readyAt(f, r.servers[1])
	_, err := r.InitArrived(f.Key, "another", &state.Recipe{}, r.now)
	require.NoError(t, err)
	last, _ := r.LeaseEnded(f.Key, "another", r.now)
	assert.False(t, last)
	last, stop := r.LeaseEnded(f.Key, "f", r.now)
	assert.True(t, last)
	assert.Equal(t, state.Stop{Function: f, At: []*state.Server{r.servers[1]}}, stop)
	last, _ = r.LeaseEnded(f.Key, "f", r.now)
	assert.False(t, last, "what is not there is stopped")
}

func TestExpire_EndsLeasesOfCallersThatAreGone(t *testing.T) {
	r := newRig(t, "a")
	f := r.function("f")
	r.readyAt(f, r.servers[0])
	assert.Empty(t, r.Expire(r.now.Add(59*time.Second)))
	assert.Equal(t, 1, r.Leases(f.Key))
	assert.Equal(t, []state.Effect{state.Stop{Function: f, At: r.servers}}, r.Expire(r.now.Add(61*time.Second)))
}

func TestInitArrived_IsBounded(t *testing.T) {
	r := newRig(t, "a")
	settings := limits
	settings.Functions = 1
	r.Configure(settings)
	r.function("f")
	_, err := r.InitArrived(key("g"), "", &state.Recipe{}, r.now)
	assert.ErrorContains(t, err, "--functions")
	r.ForgetFunctions()
	r.function("g")
}

func TestClose_StartsNothingMore(t *testing.T) {
	r := newRig(t, "a")
	f := r.function("f")
	r.Close()
	run := r.arrived(f, "1")
	assert.Equal(t, state.ErrUnknownFunction, r.pick(run))
	assert.Empty(t, r.fx)
}

func TestInventoryRead_IsWhatTheServerSays(t *testing.T) {
	r := newRig(t, "a")
	a, later := r.servers[0], r.now.Add(time.Second)
	read := func(incarnation string, asked time.Time, all state.Inventory) (added, gone int, ok bool) {
		return r.InventoryRead(a, incarnation, 2, all, asked, later)
	}
	added, gone, ok := read("a", later, state.Inventory{key("f"): {}, key("g"): {Cold: true}})
	assert.Equal(t, [3]any{2, 0, true}, [3]any{added, gone, ok})
	assert.Equal(t, 2, r.status(a).Functions)
	assert.Equal(t, 1, r.status(a).Cold)
	_, gone, _ = read("a", r.now, nil)
	assert.Zero(t, gone, "they became known after it was asked")
	_, gone, _ = read("a", later.Add(time.Second), state.Inventory{key("f"): {}})
	assert.Equal(t, 1, gone)
	_, _, ok = read("another", later, nil)
	assert.False(t, ok, "another process answers by now")
}

// What a server says holds for when it was asked, also of a function that was not
// known there before.
func TestIdentified_AColdFunctionIsKnownToBe(t *testing.T) {
	r := newRig(t, "a")
	asked := r.now.Add(time.Second)
	_, ok := r.Identified(r.servers[0], "a2", 1, state.Inventory{key("f"): {Cold: true}}, asked, asked.Add(time.Millisecond))
	require.True(t, ok)
	assert.Equal(t, 1, r.status(r.servers[0]).Cold)
}

// Each report says how often the inventory has changed. One that is not known here is
// read.
func TestReports_HaveAChangedInventoryRead(t *testing.T) {
	r := newRig(t, "a")
	a := r.servers[0]
	f := r.function("f")
	r.readyAt(f, a)
	for changes, want := range map[int]bool{1: false, 2: true, 0: false} {
		run := r.picked(f, "")
		fx := r.Answered(run, run0, &runtimespec.Load{Slots: 4, Changes: changes}, r.now)
		if want {
			assert.Equal(t, []state.Effect{state.ReadInventory{Server: a, Incarnation: "a", Changes: changes}}, fx)
		} else {
			assert.Empty(t, fx, changes)
		}
	}
	fx := r.Checked(a, state.Readiness{Ready: true}, r.now)
	assert.Equal(t, []state.Effect{state.ReadInventory{Server: a, Incarnation: "a"}}, fx, "one that never says is asked now and then")
}
