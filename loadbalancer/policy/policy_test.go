package policy_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// every policy, those that are offered and the baselines.
var every = append(policy.Names(), "consistent-hash", "p2c", "peak-ewma", "random", "round-robin")

func TestNew_NamesWhatThereIs(t *testing.T) {
	_, err := policy.New("fastest")
	assert.EqualError(t, err, `no policy "fastest"; there are warm, least-loaded`)
	for _, name := range every {
		p, err := policy.New(name)
		require.NoError(t, err)
		assert.Zero(t, p.Pick(policy.Request{Function: policy.NewFunction("f")}, newFleet(0, 1, policy.Options{}), start, newRand(1)), name)
	}
}

// anyFleet is a fleet in any state that it can get into, and a function on it.
func anyFleet(rng *rand.Rand) (*policy.Fleet, *policy.Function, time.Time) {
	f, fn, now := newFleet(1+rng.IntN(12), rng.IntN(4), policy.Options{}), policy.NewFunction("f"), start
	for range rng.IntN(200) {
		s := f.Servers()[rng.IntN(len(f.Servers()))]
		now = now.Add(time.Duration(rng.IntN(1000)) * time.Millisecond)
		switch rng.IntN(10) {
		case 0:
			eject(f, fn, s, now)
		case 1:
			f.Drain(s, now)
		case 2:
			f.Return(s, now)
		case 3:
			f.Sweep(now)
		case 4:
			f.Ready(fn, s, now)
		case 5:
			f.Absent(fn, s, now)
		case 6:
			f.InitStarted(fn, s, now)
		case 7:
			f.Report(s, policy.Load{InFlight: rng.IntN(9), Slots: rng.IntN(5), Queued: rng.IntN(9)}, now)
		case 8:
			f.Sent(fn, s, now)
		case 9:
			end(f, fn, s, policy.Outcome(rng.IntN(4)), now)
		}
	}
	return f, fn, now
}

func TestPolicy_PicksWhoMayAndSomebodyIfAnybodyMay(t *testing.T) {
	for _, name := range every {
		for seed := range uint64(500) {
			rng := newRand(seed)
			f, fn, now := anyFleet(rng)
			p, _ := policy.New(name)
			var r policy.Request
			r.Function = fn
			for _, s := range f.Servers() {
				if rng.IntN(4) == 0 {
					r.Tried = append(r.Tried, s)
				}
			}
			out, may := 0, 0
			for _, s := range f.Servers() {
				if s.Health() == policy.Ejected || s.Health() == policy.Probing {
					out++
				} else if s.Health() != policy.Draining {
					may++
				}
			}
			panics := 2*may < may+out
			open := func(s *policy.Server) bool {
				well := s.Health() == policy.Healthy || s.Health() == policy.Recovering
				return (well || panics && s.Health() != policy.Draining) && !slices.Contains(r.Tried, s)
			}
			for range 20 {
				c := f.Pick(p, r, now, rng)
				if c.Server == nil {
					assert.False(t, slices.ContainsFunc(f.Servers(), open), "%s, seed %d: nobody though one may", name, seed)
				} else if c.Why != policy.Probed {
					assert.True(t, open(c.Server), "%s, seed %d: %s", name, seed, c.Server.Health())
				}
			}
		}
	}
}

func TestPolicy_SpreadsAlike(t *testing.T) {
	for _, name := range []string{"warm", "least-loaded", "p2c", "peak-ewma", "random", "round-robin"} {
		p, _ := policy.New(name)
		f, fn, rng := newFleet(10, 4, policy.Options{}), policy.NewFunction("f"), newRand(3)
		for _, s := range f.Servers() {
			f.Ready(fn, s, start)
		}
		counts := map[*policy.Server]int{}
		for range 10_000 {
			counts[f.Pick(p, policy.Request{Function: fn}, start, rng).Server]++
		}
		for _, s := range f.Servers() {
			assert.InDelta(t, 1000, counts[s], 150, name)
		}
	}
}

func TestServer_LoadIsTheReportAndWhatWasSentSince(t *testing.T) {
	f, fn := newFleet(1, 4, policy.Options{}), policy.NewFunction("f")
	s := f.Servers()[0]
	first, second := f.Sent(fn, s, start), f.Sent(fn, s, start)
	assert.Equal(t, 2, s.Load())
	f.Report(s, policy.Load{InFlight: 4, Slots: 4, Queued: 3}, start)
	assert.Equal(t, 7, s.Load(), "others' runs too")
	f.Sent(fn, s, start)
	assert.Equal(t, 8, s.Load())
	f.Done(first, policy.Answer{}, start)
	f.Done(second, policy.Answer{Outcome: policy.Left}, start)
	assert.Equal(t, 6, s.Load())
	assert.Equal(t, 1, s.InFlight())
	f.Report(s, policy.Load{Slots: 4}, start)
	assert.Equal(t, 1, s.Load(), "a report that is older than what was sent")
}

func TestServer_WhoLiesAboutItsSizeGetsNoMoreForIt(t *testing.T) {
	p, _ := policy.New("consistent-hash")
	f, fn := newFleet(4, 4096, policy.Options{}), policy.NewFunction("f")
	liar := f.Servers()[0]
	f.Report(liar, policy.Load{InFlight: -9, Slots: 1 << 31, Queued: -9}, start)
	for range 400 {
		f.Sent(fn, f.Pick(p, policy.Request{Function: fn}, start, newRand(1)).Server, start)
	}
	assert.LessOrEqual(t, liar.Load(), 125)
}

// names are of so many servers.
func names(f *policy.Fleet, choose func(fn *policy.Function) *policy.Server) map[int]string {
	placed := map[int]string{}
	for i := range 1000 {
		if s := choose(policy.NewFunction(fmt.Sprintf("function-%d", i))); s != nil {
			placed[i] = s.Name()
		}
	}
	return placed
}

func TestPlacement_IsTheSameInAllBalancersAndStable(t *testing.T) {
	for _, name := range []string{"warm", "consistent-hash"} {
		p, _ := policy.New(name)
		place := func(f *policy.Fleet) map[int]string {
			return names(f, func(fn *policy.Function) *policy.Server {
				return f.Pick(p, policy.Request{Function: fn}, start, newRand(1)).Server
			})
		}
		one, other := newFleet(10, 4, policy.Options{}), policy.NewFleet(policy.Options{})
		for i := range 10 {
			f := other.Add(fmt.Sprintf("server-%d", 9-i), start)
			other.Report(f, policy.Load{Slots: 4}, start)
		}
		before := place(one)
		assert.Equal(t, before, place(other), "whatever the order in which servers came")
		counts := map[string]int{}
		for _, s := range before {
			counts[s]++
		}
		for s, n := range counts {
			assert.InDelta(t, 100, n, 40, s)
		}
		gone := one.Servers()[3]
		one.Remove(gone, start)
		for i, s := range place(one) {
			if before[i] != gone.Name() {
				assert.Equal(t, before[i], s, "it did not have to move")
			}
		}
	}
}

func TestPlacement_KeepsToTheBound(t *testing.T) {
	p, _ := policy.New("consistent-hash")
	f, fn := newFleet(10, 1, policy.Options{}), policy.NewFunction("popular")
	for range 200 {
		f.Sent(fn, f.Pick(p, policy.Request{Function: fn}, start, newRand(1)).Server, start)
	}
	most := 0
	for _, s := range f.Servers() {
		most = max(most, s.Load())
	}
	assert.Equal(t, 25, most, "a quarter above the mean")
}

func TestFleet_PruneForgetsWhatIsGone(t *testing.T) {
	f, fn := newFleet(3, 1, policy.Options{}), policy.NewFunction("f")
	for _, s := range f.Servers() {
		f.Ready(fn, s, start)
	}
	gone, evicted := f.Servers()[0], f.Servers()[1]
	f.Remove(gone, start)
	f.Absent(fn, evicted, start)
	f.Prune(fn, start)
	assert.Len(t, fn.Copies(), 1)
	assert.Equal(t, policy.Absent, fn.On(gone))
	f.Ready(fn, gone, start)
	assert.Equal(t, policy.Absent, fn.On(gone), "a late answer brings nothing back")
	assert.False(t, f.InitStarted(fn, gone, start))
}
