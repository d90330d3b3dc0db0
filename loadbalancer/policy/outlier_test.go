package policy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// end sends a run to a server and ends it.
func end(f *policy.Fleet, fn *policy.Function, s *policy.Server, how policy.Outcome, now time.Time) {
	f.Done(f.Sent(fn, s, now), policy.Answer{Outcome: how, Took: 10 * time.Millisecond}, now)
}

// eject lets a server fail as often as it takes.
func eject(f *policy.Fleet, fn *policy.Function, s *policy.Server, now time.Time) {
	for range 5 {
		end(f, fn, s, policy.Failed, now)
	}
}

func TestFleet_EjectsAfterFailuresInARow(t *testing.T) {
	f, fn := newFleet(4, 1, policy.Options{}), policy.NewFunction("f")
	s := f.Servers()[0]
	for range 4 {
		end(f, fn, s, policy.Failed, start)
	}
	end(f, fn, s, policy.Answered, start)
	for range 4 {
		end(f, fn, s, policy.Failed, start)
	}
	end(f, fn, s, policy.Refused, start)
	end(f, fn, s, policy.Left, start)
	assert.Equal(t, policy.Healthy, s.Health(), "never five in a row")
	f.Checked(s, false, start)
	assert.Equal(t, policy.Ejected, s.Health(), "a health check that fails counts")
}

func TestFleet_EjectsForAShareOfFailures(t *testing.T) {
	f, fn := newFleet(4, 1, policy.Options{}), policy.NewFunction("f")
	bad, well, rare := f.Servers()[0], f.Servers()[1], f.Servers()[2]
	for i := range 20 {
		how := policy.Answered
		if i%2 == 0 {
			how = policy.Failed
		}
		end(f, fn, bad, how, start)
		end(f, fn, well, policy.Answered, start)
	}
	end(f, fn, rare, policy.Failed, start)
	f.Sweep(start.Add(9 * time.Second))
	assert.Equal(t, policy.Healthy, bad.Health(), "not yet swept")
	f.Sweep(start.Add(10 * time.Second))
	assert.Equal(t, policy.Ejected, bad.Health())
	assert.Equal(t, policy.Healthy, well.Health())
	assert.Equal(t, policy.Healthy, rare.Health(), "one answer says nothing")
}

// outFor is after how many seconds an ejected server is tried again.
func outFor(f *policy.Fleet, s *policy.Server, now time.Time) (seconds int) {
	for ; s.Health() == policy.Ejected; seconds++ {
		f.Sweep(now.Add(time.Duration(seconds+1) * time.Second))
	}
	return seconds
}

func TestFleet_EjectionsGrowLongerAndAreForgiven(t *testing.T) {
	f, fn := newFleet(4, 1, policy.Options{EjectMost: 70 * time.Second}), policy.NewFunction("f")
	s, now := f.Servers()[0], start
	for _, want := range []int{30, 60, 70} {
		eject(f, fn, s, now)
		assert.Equal(t, want, outFor(f, s, now))
		now = now.Add(time.Duration(want) * time.Second)
		end(f, fn, s, policy.Answered, now)
		assert.Equal(t, policy.Recovering, s.Health())
	}
	for range 60 {
		now = now.Add(time.Second)
		f.Sweep(now)
	}
	assert.Equal(t, policy.Healthy, s.Health())
	eject(f, fn, s, now)
	assert.Equal(t, 30, outFor(f, s, now), "a minute without failures")
}

func TestFleet_TriesAnEjectedServerWithOneRun(t *testing.T) {
	for _, name := range every {
		p, _ := policy.New(name)
		f, fn, rng := newFleet(4, 1, policy.Options{}), policy.NewFunction("f"), newRand(1)
		s := f.Servers()[0]
		eject(f, fn, s, start)
		f.Sweep(start.Add(30 * time.Second))
		now := start.Add(31 * time.Second)
		c := f.Pick(p, policy.Request{Function: fn}, now, rng)
		assert.Equal(t, policy.Choice{Server: s, Why: policy.Probed}, c, name)
		run := f.Sent(fn, s, now)
		for range 20 {
			assert.NotEqual(t, s, f.Pick(p, policy.Request{Function: fn}, now, rng).Server, name)
		}
		f.Done(run, policy.Answer{Outcome: policy.Failed}, now)
		assert.Equal(t, policy.Ejected, s.Health(), name)
		f.Sweep(now.Add(time.Hour))
		f.Checked(s, true, now.Add(time.Hour))
		assert.Equal(t, policy.Recovering, s.Health(), name)
	}
}

func TestFleet_TriesAnEjectedServerWithARunThatCostsNoInit(t *testing.T) {
	p, _ := policy.New("warm")
	f, fn, rng := newFleet(4, 1, policy.Options{}), policy.NewFunction("f"), newRand(1)
	s, elsewhere := f.Servers()[0], f.Servers()[1]
	eject(f, policy.NewFunction("other"), s, start)
	f.Ready(fn, elsewhere, start)
	now := start.Add(30 * time.Second)
	f.Sweep(now)
	assert.Equal(t, elsewhere, f.Pick(p, policy.Request{Function: fn}, now, rng).Server)
	f.Ready(fn, s, now)
	assert.Equal(t, s, f.Pick(p, policy.Request{Function: fn}, now, rng).Server)
	f.Absent(fn, s, now)
	now = now.Add(10 * time.Second)
	assert.Equal(t, s, f.Pick(p, policy.Request{Function: fn}, now, rng).Server, "no such run has come")
}

func TestFleet_UsesAllWhenMostAreEjected(t *testing.T) {
	p, _ := policy.New("random")
	f, fn, rng := newFleet(5, 1, policy.Options{}), policy.NewFunction("f"), newRand(1)
	f.Drain(f.Servers()[4], start)
	seen := func() int {
		servers := map[*policy.Server]bool{}
		for range 200 {
			servers[f.Pick(p, policy.Request{Function: fn}, start, rng).Server] = true
		}
		return len(servers)
	}
	eject(f, fn, f.Servers()[0], start)
	eject(f, fn, f.Servers()[1], start)
	assert.Equal(t, 2, seen(), "half of those that do not leave are left")
	eject(f, fn, f.Servers()[2], start)
	assert.Equal(t, 4, seen(), "all but the one that leaves")
}

func TestFleet_SlowStart(t *testing.T) {
	for _, name := range []string{"random", "round-robin", "p2c"} {
		p, _ := policy.New(name)
		f, fn, rng := newFleet(4, 1, policy.Options{}), policy.NewFunction("f"), newRand(1)
		added := f.Add("new", start)
		part := func(now time.Time) (share float64) {
			f.Sweep(now)
			for range 2000 {
				if f.Pick(p, policy.Request{Function: fn}, now, rng).Server == added {
					share += 1. / 2000
				}
			}
			return share
		}
		first, later, full := part(start), part(start.Add(5*time.Second)), part(start.Add(10*time.Second))
		assert.InDelta(t, 0.025, first, 0.02, name)
		assert.Greater(t, later, 2*first, name)
		assert.InDelta(t, 0.2, full, 0.05, name)
		assert.Equal(t, policy.Healthy, added.Health(), name)
	}
}

// A fleet all of whose servers are new has nobody else to take the runs.
func TestFleet_SlowStartOfAll(t *testing.T) {
	for _, name := range every {
		p, _ := policy.New(name)
		f, fn := policy.NewFleet(policy.Options{}), policy.NewFunction("f")
		first := f.Add("a", start)
		assert.Equal(t, first, f.Pick(p, policy.Request{Function: fn}, start, newRand(1)).Server, name)
		f.Sweep(start.Add(time.Minute))
		second := f.Add("b", start.Add(time.Minute))
		tried := []*policy.Server{first}
		for seed := range uint64(50) {
			c := f.Pick(p, policy.Request{Function: fn, Tried: tried}, start.Add(time.Minute), newRand(seed))
			assert.Equal(t, second, c.Server, name)
		}
	}
}

func TestFleet_DrainedServerComesBack(t *testing.T) {
	var told []policy.Health
	f := newFleet(2, 1, policy.Options{Changed: func(_ *policy.Server, _, to policy.Health) { told = append(told, to) }})
	told = nil
	s := f.Servers()[0]
	f.Drain(s, start)
	f.Drain(s, start)
	f.Return(s, start)
	f.Return(s, start)
	f.Remove(s, start)
	f.Remove(s, start)
	f.Drain(s, start)
	assert.Equal(t, []policy.Health{policy.Draining, policy.Recovering, policy.Gone}, told)
	assert.Len(t, f.Servers(), 1)
}

func TestFleet_FailedChecksEjectForAsLongAsTheyFail(t *testing.T) {
	f := newFleet(4, 1, policy.Options{})
	s := f.Servers()[0]
	f.Checked(s, false, start)
	f.Checked(s, true, start)
	f.Checked(s, false, start)
	assert.Equal(t, policy.Healthy, s.Health(), "never two in a row")
	f.Checked(s, false, start)
	assert.Equal(t, policy.Ejected, s.Health())
	f.Sweep(start.Add(time.Hour))
	assert.Equal(t, policy.Ejected, s.Health(), "no run is risked while nobody answers")
	f.Checked(s, true, start.Add(time.Hour))
	f.Sweep(start.Add(time.Hour))
	assert.Equal(t, policy.Probing, s.Health())
}

func TestFleet_AnotherProcessIsTakenBackAtOnce(t *testing.T) {
	f, fn := newFleet(4, 1, policy.Options{}), policy.NewFunction("f")
	s := f.Servers()[0]
	eject(f, fn, s, start)
	f.Return(s, start)
	assert.Equal(t, policy.Recovering, s.Health())
	eject(f, fn, s, start)
	assert.Equal(t, 60, outFor(f, s, start), "what crashes again is out for longer")
	f.Return(s, start)
	assert.Equal(t, policy.Recovering, s.Health(), "from probing too")
}
