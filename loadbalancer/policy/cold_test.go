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
	r.Cold(r.fn, one, true)
	for range 50 {
		assert.Equal(t, policy.Choice{Server: other, Why: policy.Warm}, r.pick(start))
	}
	r.Cold(r.fn, other, true)
	assert.Equal(t, policy.Warm, r.pick(start).Why)
	r.Done(r.Sent(r.fn, one, start), policy.Answer{Took: 10 * time.Millisecond}, start)
	for range 50 {
		assert.Equal(t, one, r.pick(start).Server, "it has started one")
	}
	assert.False(t, r.fn.Copies()[0].Cold())

	r.Absent(r.fn, other, start)
	r.Cold(r.fn, other, true)
	r.Ready(r.fn, other, start)
	for _, c := range r.fn.Copies() {
		assert.False(t, c.Cold(), "only what is ready can be cold")
	}
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
