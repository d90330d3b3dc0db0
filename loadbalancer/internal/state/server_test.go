package state_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

var run0 = policy.Answer{Took: time.Millisecond}

// A check, or what it finds, takes a server into rotation and out of it.
func TestChecked_TakesServersIntoRotationAndOut(t *testing.T) {
	type step struct {
		found state.Readiness
		want  policy.Health
	}
	ready, draining, unfit := state.Readiness{Ready: true}, state.Readiness{Draining: true}, state.Readiness{Reason: "its disk is full"}
	for name, steps := range map[string][]step{
		"new and ready":       {{ready, policy.Recovering}},
		"new and not ready":   {{unfit, policy.Unidentified}, {ready, policy.Recovering}},
		"drains and is back":  {{ready, policy.Recovering}, {draining, policy.Draining}, {ready, policy.Recovering}},
		"drains and is unfit": {{ready, policy.Recovering}, {draining, policy.Draining}, {unfit, policy.Unidentified}},
		"fails twice":         {{ready, policy.Recovering}, {unfit, policy.Recovering}, {unfit, policy.Ejected}},
	} {
		r := newRig(t)
		r.list("a")
		r.Identified(r.servers[0], "a", 1, nil, r.now, r.now)
		for i, s := range steps {
			r.did(r.Checked(r.servers[0], s.found, r.now))
			require.Equal(t, s.want, r.status(r.servers[0]).Health, "%s, step %d", name, i)
			assert.Equal(t, s.found.Reason, r.status(r.servers[0]).Problem)
		}
	}
}

func TestCheckFailed_OfAServerThatWasNeverIdentifiedIsToldOnce(t *testing.T) {
	r := newRig(t)
	r.list("a")
	first, _ := r.CheckFailed(r.servers[0], "it is no server", true, r.now)
	assert.True(t, first)
	again, _ := r.CheckFailed(r.servers[0], "it is no server", true, r.now)
	assert.False(t, again)
	assert.Equal(t, "it is no server", r.status(r.servers[0]).Problem)
	assert.Equal(t, policy.Draining, r.status(r.servers[0]).Health)
	r.ready(r.servers[0], 1)
	first, _ = r.CheckFailed(r.servers[0], "it is away", false, r.now)
	assert.False(t, first, "its health tells")
}

func TestKnown_TwinsAreTold(t *testing.T) {
	r := newRig(t, "a", "b")
	known, twin := r.Known(r.servers[1], "b")
	assert.True(t, known)
	assert.Empty(t, twin)
	known, twin = r.Known(r.servers[1], "a")
	assert.False(t, known)
	assert.Equal(t, "a", twin)
	_, twin = r.Known(r.servers[0], "b")
	assert.Empty(t, twin, "the first of two stays")
}

func TestIdentified_NothingIsLeftOfTheProcessBefore(t *testing.T) {
	r := newRig(t, "a")
	f := r.function("f")
	r.readyAt(f, r.servers[0])
	added, ok := r.Identified(r.servers[0], "a2", 7, state.Inventory{key("g"): {}}, r.now, r.now)
	assert.True(t, ok)
	assert.Equal(t, 1, added)
	assert.Equal(t, 1, r.status(r.servers[0]).Functions)
	_, err := r.ByIncarnation("a")
	assert.Error(t, err)
	r.list()
	_, ok = r.Identified(&state.Server{Name: "stranger"}, "s", 1, nil, r.now, r.now)
	assert.False(t, ok)
}

func TestServersListed_EndsTheChecksOfThoseThatLeft(t *testing.T) {
	r := newRig(t, "a", "b")
	a := r.servers[0]
	r.list("b", "c")
	assert.Contains(t, r.fx, state.ServerLeft{Server: a})
	assert.Len(t, r.View(r.now), 2)
	_, err := r.Drain(a, r.now)
	assert.Equal(t, state.ErrNotListed, err)
}

// A reload that makes all connections anew takes no server out of rotation that is
// well.
func TestServersDropped_ThoseThatWereAvailableAreAtOnce(t *testing.T) {
	r := newRig(t, "a", "b")
	r.CheckFailed(r.servers[1], "it is away", true, r.now)
	r.did(r.ServersDropped(r.now))
	assert.Empty(t, r.View(r.now))
	r.servers = nil
	r.list("a", "b")
	r.ServersSettled()
	assert.True(t, r.status(r.servers[0]).Available)
	assert.False(t, r.status(r.servers[1]).Available)
	r.list("a", "b", "c")
	assert.False(t, r.status(r.servers[2]).Available)
}

// A drained server's functions are initialised elsewhere; until one is ready there,
// the server still gets its runs.
func TestDrain_MovesFunctionsWithoutAPause(t *testing.T) {
	r := newRig(t, "a", "b")
	f, a := r.function("f"), r.servers[0]
	r.readyAt(f, a)
	fx, err := r.Drain(a, r.now)
	require.NoError(t, err)
	r.did(fx)
	require.Equal(t, []string{"f@b"}, r.inits())
	assert.Contains(t, r.fx, state.Check{Server: a})
	assert.Equal(t, 1, r.status(a).Moving)
	moved := r.started()[0]
	assert.True(t, moved.Background)
	assert.Equal(t, "a", r.picked(f, "1").Server.Name)
	r.done(moved, true)
	assert.Equal(t, "b", r.picked(f, "2").Server.Name)
	r.ready(a, 4)
	assert.Equal(t, policy.Draining, r.status(a).Health, "whatever it says of itself")
	assert.Contains(t, r.status(a).Problem, "drained here")
	_, err = r.Return(a)
	require.NoError(t, err)
	r.ready(a, 4)
	assert.Equal(t, policy.Recovering, r.status(a).Health)
}

func TestRebalance_FunctionsOfAServerThatIsOutAreInitialisedElsewhere(t *testing.T) {
	r := newRig(t, "a", "b")
	f, a := r.function("f"), r.servers[0]
	r.readyAt(f, a)
	_, fx := r.CheckFailed(a, "it is away", true, r.now)
	require.Len(t, fx, 1)
	r.did(r.Rebalance(fx[0].(state.HealthChanged), r.now))
	assert.Equal(t, []string{"f@b"}, r.inits())
}

func TestRebalance_AServerThatIsBackGetsWhatWaits(t *testing.T) {
	r, at, queued := crowd(t, "1")
	a := r.servers[0]
	r.CheckFailed(a, "it is away", true, r.now)
	r.answered(at, 1)
	require.Empty(t, r.wakes(), "it is out of rotation")
	r.did(r.Checked(a, state.Readiness{Ready: true}, r.now))
	back := state.HealthChanged{Server: a, From: policy.Draining, To: policy.Recovering}
	require.Contains(t, r.fx, back)
	if len(r.wakes()) == 0 {
		r.did(r.Rebalance(back, r.now))
	}
	assert.Equal(t, []string{queued[0].Activation}, r.wakes())
}

// An operator's word and the autoscaler's are kept apart.
func TestScaleIn_IsTheOperatorsToOverrule(t *testing.T) {
	r := newRig(t, "a", "b")
	a := r.servers[0]
	r.did(r.BeginScaleIn("a", r.now))
	assert.True(t, r.status(a).ScalingIn)
	assert.Contains(t, r.status(a).Problem, "nothing to do")
	r.did(r.CancelScaleIn("a"))
	assert.Equal(t, []state.Effect{state.Check{Server: a}}, r.fx)
	r.ready(a, 4)
	assert.True(t, r.status(a).Available)

	_, err := r.Drain(a, r.now)
	require.NoError(t, err)
	r.did(r.BeginScaleIn("a", r.now))
	assert.False(t, r.ConfirmScaleIn("a"), "it is the operator's")
	_, err = r.Return(a)
	require.NoError(t, err)

	r.did(r.BeginScaleIn("a", r.now))
	assert.True(t, r.ConfirmScaleIn("a"))
	_, err = r.Drain(a, r.now)
	assert.Equal(t, state.ErrEnding, err)
	r.list("b")
	r.list("b", "a")
	assert.False(t, r.ConfirmScaleIn("a"), "a host that comes by the same name is another one")
}
