package policy_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// start is when the tests' clocks begin.
var start = time.Unix(1_000_000_000, 0)

// newFleet has n servers with so many slots, all of them idle, well and heard of.
func newFleet(n, slots int, o policy.Options) *policy.Fleet {
	f := policy.NewFleet(o)
	for i := range n {
		s := f.Add(fmt.Sprintf("server-%d", i), start.Add(-time.Hour))
		f.Report(s, policy.Load{Slots: slots}, start)
	}
	f.Sweep(start)
	return f
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// thousand are the situations of a pick among 1,000 servers.
func thousand() map[string]func() (*policy.Fleet, *policy.Function) {
	fleet := func(load func(i int) int, warm func(i int) bool) func() (*policy.Fleet, *policy.Function) {
		return func() (*policy.Fleet, *policy.Function) {
			f, fn := newFleet(1000, 4, policy.Options{}), policy.NewFunction("f")
			for i, s := range f.Servers() {
				if warm(i) {
					f.Ready(fn, s, start)
					f.Done(f.Sent(fn, s, start), policy.Answer{Took: time.Duration(90+i%20) * time.Millisecond}, start)
				}
				f.Report(s, policy.Load{InFlight: load(i), Slots: 4}, start)
			}
			return f, fn
		}
	}
	all, none := func(int) bool { return true }, func(int) bool { return false }
	return map[string]func() (*policy.Fleet, *policy.Function){
		"all warm, idle":           fleet(func(int) int { return 0 }, all),
		"all warm, mixed":          fleet(func(i int) int { return i % 7 }, all),
		"all warm, busy":           fleet(func(i int) int { return 4 + i%7 }, all),
		"all warm, jammed":         fleet(func(i int) int { return 400 + i%7 }, all),
		"all warm, one idle":       fleet(func(i int) int { return min(i, 1) * 400 }, all),
		"all but one warm, jammed": fleet(func(i int) int { return min(i, 1) * 400 }, func(i int) bool { return i > 0 }),
		"three warm":               fleet(func(i int) int { return i % 7 }, func(i int) bool { return i < 3 }),
		"cold":                     fleet(func(i int) int { return i % 7 }, none),
	}
}

func BenchmarkPick(b *testing.B) {
	for _, name := range every {
		for situation, make := range thousand() {
			b.Run(name+"/"+situation, func(b *testing.B) {
				p, err := policy.New(name)
				require.NoError(b, err)
				f, fn := make()
				rng := newRand(1)
				b.ReportAllocs()
				for b.Loop() {
					f.Pick(p, policy.Request{Function: fn}, start, rng)
				}
			})
		}
	}
}

func TestPolicy_PicksWithoutAllocating(t *testing.T) {
	for _, name := range every {
		for situation, make := range thousand() {
			p, err := policy.New(name)
			require.NoError(t, err)
			f, fn := make()
			rng := newRand(1)
			tried := f.Servers()[:2]
			assert.Zero(t, testing.AllocsPerRun(200, func() {
				f.Pick(p, policy.Request{Function: fn, Tried: tried}, start, rng)
			}), "%s, %s", name, situation)
		}
	}
}

func TestFleet_AccountsWithoutAllocating(t *testing.T) {
	f, fn := newFleet(3, 1, policy.Options{}), policy.NewFunction("f")
	s := f.Servers()[1]
	f.Ready(fn, s, start)
	assert.Zero(t, testing.AllocsPerRun(200, func() {
		f.Done(f.Sent(fn, s, start), policy.Answer{Took: time.Millisecond}, start)
		f.Report(s, policy.Load{Slots: 1}, start)
	}))
}
