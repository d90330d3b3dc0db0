package state_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/queue"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestPick_GoesWhereTheFunctionIsReady(t *testing.T) {
	r := newRig(t, "a", "b", "c")
	f := r.function("f")
	r.readyAt(f, r.servers[1])
	run := r.picked(f, "1")
	assert.Equal(t, "b", run.Server.Name)
	assert.Nil(t, run.Init)
	assert.Equal(t, policy.Warm, run.Why)
	assert.Empty(t, r.fx)
	assert.Equal(t, 1, r.status(r.servers[1]).Sent)
	r.answered(run, 4)
	assert.Equal(t, 0, r.status(r.servers[1]).Sent)
	assert.Equal(t, uint64(1), r.status(r.servers[1]).Runs[policy.Answered])
}

func TestPick_StartsOneInitForAllThatNeedIt(t *testing.T) {
	r := newRig(t, "a")
	f := r.function("f")
	first := r.picked(f, "1")
	assert.Equal(t, []string{"f@a"}, r.inits())
	second := r.picked(f, "2")
	assert.Empty(t, r.inits())
	assert.Same(t, first.Init, second.Init)
	assert.False(t, r.done(first.Init, true))
	third := r.picked(f, "3")
	assert.Nil(t, third.Init)
}

func TestPick_WithoutARecipeGoesOnlyWhereItIsReady(t *testing.T) {
	r := newRig(t, "a", "b")
	_, _, ok := r.InventoryRead(r.servers[1], "b", 1, state.Inventory{key("f"): {Action: "found"}}, r.now, r.now)
	require.True(t, ok)
	run := &state.Run{Key: key("f")}
	_, err := r.RunArrived(run, "lease", r.now)
	require.NoError(t, err)
	assert.Equal(t, "found", run.Action)
	require.NoError(t, r.pick(run))
	assert.Equal(t, "b", run.Server.Name)
	r.did(r.Refused(run, runtimespec.UnknownFunction, 0, nil, r.now))
	assert.Equal(t, state.ErrUnknownFunction, r.pick(run))
}

func TestRefused_EndsInAnotherServerOrTheSameAgain(t *testing.T) {
	for reason, want := range map[runtimespec.Reason]string{runtimespec.Saturated: "b", runtimespec.UnknownFunction: "a", runtimespec.Draining: "b"} {
		r := newRig(t, "a", "b")
		f := r.function("f")
		r.readyAt(f, r.servers[0])
		run := r.picked(f, "1")
		require.Equal(t, "a", run.Server.Name)
		r.did(r.Refused(run, reason, 0, nil, r.now))
		if reason == runtimespec.Draining {
			assert.Contains(t, r.fx, state.Check{Server: r.servers[0]})
			assert.Contains(t, r.fx, state.HealthChanged{Server: r.servers[0], From: policy.Recovering, To: policy.Draining})
		}
		r.readyAt(f, r.servers[1])
		require.NoError(t, r.pick(run), reason)
		if reason != runtimespec.UnknownFunction { // which is not held against the server
			assert.Equal(t, want, run.Server.Name, reason)
		}
	}
}

func TestRunArrived_TheSecondOfAnActivationWaitsForTheFirst(t *testing.T) {
	r := newRig(t, "a")
	f := r.function("f")
	first := r.picked(f, "1")
	assert.False(t, r.Awaited())
	again, err := r.RunArrived(&state.Run{Key: f.Key, Activation: "1"}, "", r.now)
	require.NoError(t, err)
	assert.Same(t, first, again)
	assert.NotNil(t, first.Over)
	assert.True(t, r.Awaited())
	assert.Equal(t, []state.Effect{state.RunOver{Run: first}}, r.RunEnded(first))
	third, err := r.RunArrived(&state.Run{Key: f.Key, Activation: "1"}, "", r.now)
	require.NoError(t, err)
	assert.Nil(t, third, "the first is over")
}

// Where a run is decides how it is cancelled.
func TestCancelled_WhereverTheRunIs(t *testing.T) {
	for name, c := range map[string]struct {
		before func(r *rig, run *state.Run)
		there  bool
	}{
		"not picked yet":   {func(*rig, *state.Run) {}, false},
		"at an init":       {func(r *rig, run *state.Run) { _ = r.pick(run) }, false},
		"after the init":   {func(r *rig, run *state.Run) { _ = r.pick(run); r.done(run.Init, true); _ = r.InitAwaited(run) }, true},
		"refused":          {func(r *rig, run *state.Run) { _ = r.pick(run); r.full(run, 0) }, false},
		"in the queue":     {func(r *rig, run *state.Run) { _ = r.pick(run); r.full(run, time.Second); _ = r.enqueue(run) }, false},
		"at its server":    {func(r *rig, run *state.Run) { r.readyAt(run.Function, r.servers[0]); _ = r.pick(run) }, true},
		"when it was over": {func(r *rig, run *state.Run) { r.readyAt(run.Function, r.servers[0]); r.RunEnded(run) }, true},
	} {
		r := newRig(t, "a")
		run := r.arrived(r.function("f"), "1")
		c.before(r, run)
		at, fx := r.Cancelled(run.Key, "1")
		if c.there {
			assert.Equal(t, []*state.Server{r.servers[0]}, at, name)
			assert.Empty(t, fx, name)
			continue
		}
		assert.Empty(t, at, name)
		assert.Equal(t, []state.Effect{state.CancelRun{Run: run}}, fx, name)
		assert.Error(t, r.pick(run), "%s: it is sent nowhere", name)
		assert.Equal(t, state.ErrCancelled, r.enqueue(run), "%s: it waits for nothing", name)
	}
}

// The word to cancel may come between the end of an init and the run that waits for
// it: its server was not told, and so must not get it.
func TestInitAwaited_ACancelledRunIsNotSent(t *testing.T) {
	r := newRig(t, "a")
	run := r.picked(r.function("f"), "1")
	r.done(run.Init, true)
	at, fx := r.Cancelled(run.Key, "1")
	assert.Empty(t, at)
	assert.Equal(t, []state.Effect{state.CancelRun{Run: run}}, fx)
	assert.Equal(t, state.ErrCancelled, r.InitAwaited(run))
}

// crowd has a server with one slot, on which a run is, and others that were refused
// and wait.
func crowd(t *testing.T, ids ...string) (r *rig, at *state.Run, queued []*state.Run) {
	r = newRig(t, "a")
	r.ready(r.servers[0], 1)
	f := r.function("f")
	r.readyAt(f, r.servers[0])
	at = r.picked(f, "at")
	for i, id := range ids {
		run := r.arrived(f, id)
		if i == 0 {
			require.NoError(t, r.pick(run))
			r.full(run, time.Second)
		} else {
			require.Equal(t, state.ErrNoServer, r.pick(run), "others of the function came before")
		}
		require.NoError(t, r.enqueue(run))
		queued = append(queued, run)
	}
	return r, at, queued
}

func TestAnswered_WakesOneRunForTheSlotThatItLeaves(t *testing.T) {
	r, at, queued := crowd(t, "1", "2", "3")
	for i, run := range queued {
		r.now = r.now.Add(10 * time.Millisecond)
		r.answered(at, 1)
		require.Equal(t, []string{run.Activation}, r.wakes())
		assert.Equal(t, time.Duration(i+1)*10*time.Millisecond, run.Waiting.Waited)
		assert.NoError(t, run.Waiting.Err)
		assert.False(t, r.LeaveQueue(run), "it was taken out")
		at = run
	}
	r.answered(at, 1)
	assert.Empty(t, r.fx)
}

func TestQueue_WhatLeavesIsNotWoken(t *testing.T) {
	r, at, queued := crowd(t, "1", "2", "3")
	assert.True(t, r.LeaveQueue(queued[0]))
	_, _ = r.Cancelled(queued[1].Key, "2")
	r.answered(at, 1)
	assert.Equal(t, []string{"2", "3"}, r.wakes(), "a cancelled run takes no slot")
	assert.Equal(t, state.ErrCancelled, queued[1].Waiting.Err)
	assert.NoError(t, queued[2].Waiting.Err)
}

func TestRecall_AsksAgainWhenTheRefusalIsOver(t *testing.T) {
	r := newRig(t, "a")
	r.ready(r.servers[0], 1)
	f := r.function("f")
	r.readyAt(f, r.servers[0])
	run := r.picked(f, "1")
	r.full(run, time.Second)
	require.NoError(t, r.enqueue(run))
	due := r.now.Add(time.Second)
	require.Equal(t, []state.Effect{state.RecallAt{Function: f, At: due}}, r.fx)
	assert.Empty(t, r.Recall(f, due.Add(-time.Millisecond), due), "one that was replaced")
	r.now = due
	r.did(r.Recall(f, due, r.now))
	require.Equal(t, []string{"1"}, r.wakes())
	r.full(run, 0) // in vain
	require.NoError(t, r.enqueue(run))
	require.Len(t, r.fx, 1)
	assert.Equal(t, r.now.Add(50*time.Millisecond), r.fx[0].(state.RecallAt).At, "after a pause")
	assert.True(t, r.LeaveQueue(run))
	at := r.fx[0].(state.RecallAt).At
	assert.Empty(t, r.Recall(f, at, at), "nothing waits")
}

func TestEnqueue_IsBounded(t *testing.T) {
	settings := limits
	settings.Queue.Entries = 2
	r, _, _ := crowd(t, "1", "2")
	r.Configure(settings)
	run := r.arrived(r.function("f"), "3")
	assert.Equal(t, queue.Full, r.enqueue(run))
	late := r.arrived(r.function("f"), "4")
	late.Deadline = r.now
	assert.Equal(t, queue.Late, r.enqueue(late))
	_, functions, queued := r.Counts()
	assert.Equal(t, 1, functions)
	assert.Equal(t, 2, queued)
	assert.Equal(t, 2, r.Load().Queued)
}

func TestAnswerBegan_LearnsWhereAnIncarnationIsReached(t *testing.T) {
	r := newRig(t, "a", "b")
	f := r.function("f")
	r.readyAt(f, r.servers[0])
	run := r.picked(f, "1")
	_, err := r.ByIncarnation("behind a")
	assert.ErrorContains(t, err, string(runtimespec.WrongServer))
	r.did(r.AnswerBegan(run, "behind a", &runtimespec.Load{InFlight: 3, Slots: 4, Changes: 1}, r.now))
	at, err := r.ByIncarnation("behind a")
	require.NoError(t, err)
	assert.Same(t, r.servers[0], at)
	assert.Equal(t, 3, r.status(at).Reported.InFlight)
	r.list("b")
	_, err = r.ByIncarnation("behind a")
	assert.ErrorContains(t, err, string(runtimespec.WrongServer), "its server has left")
	_, err = r.ByIncarnation("the balancer")
	assert.ErrorContains(t, err, string(runtimespec.UnknownActivation))
	r.list("b", "new")
	_, err = r.ByIncarnation("anything")
	assert.ErrorContains(t, err, string(runtimespec.Saturated), "it may be the new one")
}
