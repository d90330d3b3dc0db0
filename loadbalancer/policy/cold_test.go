package policy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// A copy without a process costs a start: one with a process is preferred, and
// none is loaded elsewhere for it.
func TestWarm_AProcessThatIsThereIsPreferredToOneToStart(t *testing.T) {
	r := newWarmRig(3, 4, policy.Options{})
	one, other := r.Servers()[0], r.Servers()[1]
	for _, s := range r.Servers() {
		r.Report(s, policy.Load{Slots: 4}, start)
	}
	r.ready(10*time.Millisecond, one, other)
	r.Cold(r.fn, one, true, start)
	for range 50 {
		assert.Equal(t, policy.Choice{Server: other, Why: policy.Warm}, r.pick(start))
	}
	r.Cold(r.fn, other, true, start)
	assert.Equal(t, policy.Cold, r.pick(start).Why)
	run := r.Sent(r.fn, one, start)
	for range 50 {
		assert.Equal(t, policy.Choice{Server: one, Why: policy.Joining}, r.pick(start), "it is being started there")
	}
	r.Cold(r.fn, one, true, start.Add(-time.Millisecond))
	assert.Equal(t, policy.Joining, r.pick(start).Why, "what was said before that says nothing")
	r.Done(run, policy.Answer{Took: 10 * time.Millisecond}, start)
	for range 50 {
		assert.Equal(t, policy.Choice{Server: one, Why: policy.Warm}, r.pick(start))
	}
	assert.False(t, r.fn.Copies()[0].Cold())

	r.Absent(r.fn, other, start)
	r.Cold(r.fn, other, true, start)
	r.Ready(r.fn, other, start)
	for _, c := range r.fn.Copies() {
		assert.False(t, c.Cold(), "only what is ready can be cold")
	}
}

// A start is over with the run that it was for, whatever became of it. One that
// was refused has started nothing.
func TestWarm_AStartEndsWithTheRunThatItIsFor(t *testing.T) {
	for outcome, why := range map[policy.Outcome]policy.Why{
		policy.Answered: policy.Warm, policy.Failed: policy.Warm, policy.Left: policy.Warm, policy.Refused: policy.Cold,
	} {
		r := newWarmRig(1, 4, policy.Options{})
		s := r.Servers()[0]
		r.Report(s, policy.Load{Slots: 4}, start)
		r.ready(10*time.Millisecond, s)
		r.Cold(r.fn, s, true, start)
		run, other := r.Sent(r.fn, s, start), r.Sent(r.fn, s, start)
		r.Done(other, policy.Answer{Outcome: policy.Refused}, start)
		assert.Equal(t, policy.Joining, r.pick(start).Why, "it goes on")
		r.Done(run, policy.Answer{Outcome: outcome, Took: 10 * time.Millisecond}, start)
		assert.Equal(t, why, r.pick(start).Why, "outcome %v", outcome)
	}
}

// The server may have said meanwhile that there is a process.
func TestWarm_ARefusalDoesNotUndoWhatTheServerSays(t *testing.T) {
	r := newWarmRig(1, 4, policy.Options{})
	s := r.Servers()[0]
	r.Report(s, policy.Load{Slots: 4}, start)
	r.ready(10*time.Millisecond, s)
	r.Cold(r.fn, s, true, start)
	run := r.Sent(r.fn, s, start)
	r.Cold(r.fn, s, false, start.Add(time.Second))
	assert.Equal(t, policy.Joining, r.pick(start.Add(time.Second)).Why, "it is being started")
	r.Done(run, policy.Answer{Outcome: policy.Refused}, start.Add(2*time.Second))
	assert.Equal(t, policy.Warm, r.pick(start.Add(2*time.Second)).Why)
}

func TestFunction_FullUntilTheFirstRefusalIsOver(t *testing.T) {
	r := newWarmRig(2, 1, policy.Options{})
	one, other := r.Servers()[0], r.Servers()[1]
	assert.Zero(t, r.fn.FullUntil(start))
	r.Ready(r.fn, one, start)
	for s, after := range map[*policy.Server]time.Duration{one: time.Second, other: 2 * time.Second} {
		r.Done(r.Sent(r.fn, s, start), policy.Answer{Outcome: policy.Refused, RetryAfter: after}, start)
	}
	assert.Nil(t, r.pick(start).Server)
	assert.Equal(t, start.Add(time.Second), r.fn.FullUntil(start))
	assert.Equal(t, start.Add(2*time.Second), r.fn.FullUntil(start.Add(time.Second)))
	assert.Zero(t, r.fn.FullUntil(start.Add(2*time.Second)))
	r.Relieve(r.fn, one)
	assert.Equal(t, one, r.pick(start).Server)
	assert.Equal(t, start.Add(2*time.Second), r.fn.FullUntil(start))
}
