package policy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// rig is a fleet with one function, and the policy `warm`.
type rig struct {
	*policy.Fleet
	fn     *policy.Function
	policy policy.Policy
	pick   func(now time.Time, tried ...*policy.Server) policy.Choice
}

func newWarmRig(servers, slots int, o policy.Options) *rig {
	p, _ := policy.New("warm")
	r := &rig{Fleet: newFleet(servers, slots, o), fn: policy.NewFunction("f"), policy: p}
	rng := newRand(1)
	r.pick = func(now time.Time, tried ...*policy.Server) policy.Choice {
		return r.Pick(p, policy.Request{Function: r.fn, Tried: tried}, now, rng)
	}
	return r
}

// ready makes the function ready on servers, with a few runs seen there.
func (r *rig) ready(took time.Duration, servers ...*policy.Server) {
	for _, s := range servers {
		load, at := s.Reported()
		r.Ready(r.fn, s, start)
		for range 20 {
			r.Done(r.Sent(r.fn, s, start), policy.Answer{Took: took}, start)
		}
		r.Report(s, load, at)
	}
}

func TestWarm_ABusySlotIsNotTakenWhileOneIsIdle(t *testing.T) {
	for _, n := range []int{2, 4, 5, 50, 500} {
		r := newWarmRig(n, 1, policy.Options{})
		r.ready(100*time.Millisecond, r.Servers()...)
		for _, s := range r.Servers() {
			r.Report(s, policy.Load{InFlight: 1, Slots: 1}, start)
		}
		idle := r.Servers()[n/2]
		r.Report(idle, policy.Load{Slots: 1}, start)
		for range 100 {
			assert.Equal(t, policy.Choice{Server: idle, Why: policy.Warm}, r.pick(start))
		}
	}
}

func TestWarm_AFunctionsOwnLimitIsASlot(t *testing.T) {
	r := newWarmRig(6, 8, policy.Options{})
	r.fn.Limit(1)
	r.ready(100*time.Millisecond, r.Servers()...)
	busy := map[*policy.Server]bool{}
	for range 6 {
		c := r.pick(start)
		assert.NotContains(t, busy, c.Server, "it has the one that a host may have")
		assert.Zero(t, c.Wait)
		busy[c.Server] = true
		r.Sent(r.fn, c.Server, start)
	}
	assert.Positive(t, r.pick(start).Wait)
}

func TestWarm_StaleIsNotTakenForIdle(t *testing.T) {
	for _, n := range []int{2, 50} {
		r := newWarmRig(n, 1, policy.Options{})
		r.ready(100*time.Millisecond, r.Servers()...)
		now := start.Add(1500 * time.Millisecond)
		heard := r.Servers()[n-1]
		r.Report(heard, policy.Load{Slots: 1}, now)
		for range 100 {
			assert.Equal(t, heard, r.pick(now).Server, "all were idle once, of one that is known")
		}
		r.Report(heard, policy.Load{InFlight: 1, Slots: 1, Queued: 1}, now)
		c := r.pick(now)
		assert.NotEqual(t, heard, c.Server, "its last report is better than that")
		assert.Zero(t, c.Wait, "nor is it taken for busy when it comes to starting copies")
	}
}

func TestWarm_FailingFastAttractsNothing(t *testing.T) {
	never := policy.Options{Errors: 1 << 30, Volume: 1 << 30} // without ejection
	r := newWarmRig(4, 4, never)
	r.ready(100*time.Millisecond, r.Servers()...)
	bad, sent := r.Servers()[0], 0
	for i := range 1000 {
		now := start.Add(time.Duration(i) * 10 * time.Millisecond)
		c := r.pick(now)
		a := policy.Answer{Took: 100 * time.Millisecond}
		if c.Server == bad {
			sent++
			a = policy.Answer{Outcome: policy.Failed, Took: time.Millisecond}
		}
		r.Done(r.Sent(r.fn, c.Server, now), a, now)
		r.Report(c.Server, policy.Load{Slots: 4}, now)
	}
	assert.Positive(t, sent)
	assert.Less(t, sent, 20)
}

func TestWarm_FailingLateIsWorseThanFailingFast(t *testing.T) {
	r := newWarmRig(2, 1, policy.Options{Errors: 1 << 30})
	r.ready(100*time.Millisecond, r.Servers()...)
	late, fast := r.Servers()[0], r.Servers()[1]
	for range 20 {
		r.Done(r.Sent(r.fn, late, start), policy.Answer{Outcome: policy.Failed, Took: 10 * time.Second}, start)
		r.Done(r.Sent(r.fn, fast, start), policy.Answer{Outcome: policy.Failed, Took: time.Millisecond}, start)
	}
	r.Report(late, policy.Load{Slots: 1}, start)
	r.Report(fast, policy.Load{Slots: 1}, start)
	for range 100 {
		assert.Equal(t, fast, r.pick(start).Server)
	}
}

func TestWarm_ASlowServerIsTriedAgainLater(t *testing.T) {
	r := newWarmRig(2, 1, policy.Options{})
	slow, fast := r.Servers()[0], r.Servers()[1]
	r.ready(50*time.Millisecond, fast)
	r.ready(500*time.Millisecond, slow)
	part := func(now time.Time) (n int) {
		r.Report(slow, policy.Load{Slots: 1}, now)
		r.Report(fast, policy.Load{InFlight: 1, Slots: 1}, now)
		for range 100 {
			if r.pick(now).Server == slow {
				n++
			}
		}
		return n
	}
	assert.Zero(t, part(start), "waiting for the fast one takes less time")
	assert.Equal(t, 100, part(start.Add(5*time.Minute)), "what was slow then may be well now")
}

func TestWarm_JoinsAnInitRatherThanStartASecond(t *testing.T) {
	r := newWarmRig(5, 4, policy.Options{})
	first := r.pick(start)
	assert.Equal(t, policy.Cold, first.Why)
	r.InitStarted(r.fn, first.Server, start)
	for i := range 100 {
		now := start.Add(time.Duration(i) * time.Second)
		c := r.pick(now)
		assert.Equal(t, first.Server, c.Server)
		assert.Equal(t, policy.Joining, c.Why)
		r.Sent(r.fn, c.Server, now)
		assert.Nil(t, r.ScaleOut(r.fn, c, now), "nobody knows yet what an init takes")
	}
	r.Ready(r.fn, first.Server, start.Add(100*time.Second))
	assert.Equal(t, policy.Ready, r.fn.On(first.Server))
}

func TestWarm_LoadsElsewhereWhereWaitingTakesLonger(t *testing.T) {
	r := newWarmRig(3, 1, policy.Options{Init: time.Second})
	busy := r.Servers()[0]
	r.ready(100*time.Millisecond, busy)
	r.Report(busy, policy.Load{InFlight: 1, Slots: 1, Queued: 8}, start)
	c := r.pick(start)
	assert.Equal(t, busy, c.Server)
	assert.InDelta(t, 0.9, c.Wait.Seconds(), 0.01)
	r.Report(busy, policy.Load{InFlight: 1, Slots: 1, Queued: 20}, start)
	c = r.pick(start)
	assert.Equal(t, policy.Overflow, c.Why)
	assert.NotEqual(t, busy, c.Server)
	for _, s := range r.Servers() {
		r.Report(s, policy.Load{InFlight: 1, Slots: 1, Queued: 20}, start)
	}
	assert.Equal(t, busy, r.pick(start).Server, "nobody has a slot")
}

func TestWarm_WhoRefusedForWantOfRoomIsLeftAlone(t *testing.T) {
	r := newWarmRig(2, 1, policy.Options{})
	full, other := r.Servers()[0], r.Servers()[1]
	r.ready(100*time.Millisecond, full)
	r.Done(r.Sent(r.fn, full, start), policy.Answer{Outcome: policy.Refused, RetryAfter: time.Second}, start)
	assert.Equal(t, policy.Choice{Server: other, Why: policy.Overflow}, r.pick(start))
	assert.Nil(t, r.pick(start, other).Server)
	assert.Equal(t, full, r.pick(start.Add(time.Second)).Server)
}

func TestWarm_HotServersCountDouble(t *testing.T) {
	r := newWarmRig(2, 10, policy.Options{Hot: 0.5})
	near, far := r.Servers()[0], r.Servers()[1]
	r.ready(100*time.Millisecond, near)
	r.ready(160*time.Millisecond, far)
	r.Report(near, policy.Load{InFlight: 10, Slots: 10}, start)
	r.Report(far, policy.Load{InFlight: 9, Slots: 10}, start)
	assert.Equal(t, near, r.pick(start).Server, "waiting for a tenth of a run is less than what the other takes longer")
	for range 20 {
		r.pick(start)
	}
	assert.Equal(t, far, r.pick(start).Server, "its load is above what is usual")
}

func TestScaleOut_WhenWaitingHasCostACopy(t *testing.T) {
	r := newWarmRig(3, 1, policy.Options{Init: time.Second})
	warm := r.Servers()[0]
	r.ready(100*time.Millisecond, warm)
	r.Report(warm, policy.Load{InFlight: 1, Slots: 1, Queued: 2}, start)
	c := r.pick(start) // to wait 0.3 s
	for range 3 {
		assert.Nil(t, r.ScaleOut(r.fn, c, start))
	}
	more := r.ScaleOut(r.fn, c, start)
	assert.Contains(t, r.Servers()[1:], more)
	assert.Equal(t, policy.Initialising, r.fn.On(more), "one init for a function and server")
	assert.Nil(t, r.ScaleOut(r.fn, c, start), "a new count")
	r.Ready(r.fn, more, start.Add(100*time.Millisecond)) // quicker than assumed
	for range 3 {
		r.ScaleOut(r.fn, policy.Choice{Server: warm, Why: policy.Warm, Wait: 50 * time.Millisecond}, start)
		assert.Nil(t, r.ScaleOut(r.fn, policy.Choice{Server: more, Why: policy.Warm}, start), "somebody found a slot at once")
	}
	assert.NotNil(t, r.ScaleOut(r.fn, c, start))
	assert.Nil(t, r.ScaleOut(r.fn, c, start), "all have it")
}

func TestScaleOut_IsDearWhereItDrivesOutOthers(t *testing.T) {
	r := newWarmRig(3, 1, policy.Options{Init: time.Second})
	r.ready(100*time.Millisecond, r.Servers()[0])
	wait := policy.Choice{Server: r.Servers()[0], Why: policy.Warm, Wait: 3 * time.Second}
	other, s := policy.NewFunction("other"), r.Servers()[1]
	for range 20 {
		r.InitStarted(other, s, start)
		r.Ready(other, s, start)
		end(r.Fleet, other, s, policy.Answered, start)
		r.Absent(other, s, start)
	}
	assert.Nil(t, r.ScaleOut(r.fn, wait, start), "a copy costs a second and all the inits that follow")
	r.InitStarted(other, s, start.Add(time.Hour))
	assert.NotNil(t, r.ScaleOut(r.fn, wait, start), "what was idle for long was not driven out")
}

func TestFleet_RelocatesWhatADrainingServerHas(t *testing.T) {
	r := newWarmRig(3, 1, policy.Options{})
	leaving := r.Servers()[0]
	assert.Nil(t, r.Relocate(r.fn, start), "nobody has it")
	r.ready(100*time.Millisecond, leaving)
	assert.Nil(t, r.Relocate(r.fn, start))
	r.Drain(leaving, start)
	next := r.Relocate(r.fn, start)
	assert.Contains(t, r.Servers()[1:], next)
	assert.Nil(t, r.Relocate(r.fn, start), "it is on its way")
	assert.Equal(t, policy.Choice{Server: next, Why: policy.Joining}, r.pick(start))
}

func TestFleet_ExpectedIsWaitInitAndRun(t *testing.T) {
	r := newWarmRig(2, 2, policy.Options{Init: 2 * time.Second})
	warm, other := r.Servers()[0], r.Servers()[1]
	r.ready(100*time.Millisecond, warm)
	expected := func(now time.Time) time.Duration {
		return r.Expected(r.fn.Copies()[0], now).Round(time.Millisecond)
	}
	assert.Equal(t, 100*time.Millisecond, expected(start))
	r.Report(warm, policy.Load{InFlight: 2, Slots: 2, Queued: 1}, start)
	assert.Equal(t, 200*time.Millisecond, expected(start))
	r.Absent(r.fn, warm, start)
	r.InitStarted(r.fn, other, start)
	r.Report(other, policy.Load{Slots: 2}, start.Add(500*time.Millisecond))
	assert.Equal(t, 1600*time.Millisecond, expected(start.Add(500*time.Millisecond)))
}
