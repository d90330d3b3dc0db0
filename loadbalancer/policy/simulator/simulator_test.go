package simulator_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer/policy/simulator"
)

func simulate(t *testing.T, c simulator.Config) simulator.Result {
	t.Helper()
	r, err := simulator.Run(c)
	require.NoError(t, err)
	return r
}

func TestRun_FollowsFromItsSeed(t *testing.T) {
	config := simulator.Config{Seed: 7, Policy: "warm", Balancers: 2, Length: 20 * time.Second,
		Servers:   []simulator.Server{{Speed: 1, Slots: 2, Holds: 1}, {Speed: 2, Slots: 1, Holds: 1}},
		Functions: []simulator.Function{{Rate: 5, Median: 100 * time.Millisecond, Sigma: 1, Init: time.Second}, {Rate: 5, Median: time.Millisecond}},
	}
	first, again := simulate(t, config), simulate(t, config)
	assert.Equal(t, first, again)
	config.Seed = 8
	assert.NotEqual(t, first, simulate(t, config))
}

// The mean wait before one server with one slot is known (Pollaczek, Khinchine).
func TestRun_WaitsAsQueueingTheorySays(t *testing.T) {
	const sigma, load = 0.5, 0.6
	f := simulator.Function{Median: 10 * time.Millisecond, Sigma: sigma}
	f.Rate = load / f.Mean().Seconds()
	r := simulate(t, simulator.Config{Seed: 1, Policy: "random", Ready: true, Length: time.Hour, WarmUp: time.Minute,
		Servers: []simulator.Server{{Speed: 1, Slots: 1}}, Functions: []simulator.Function{f}})
	square := math.Pow(f.Median.Seconds(), 2) * math.Exp(2*sigma*sigma)
	want := f.Mean().Seconds() + f.Rate*square/(2*(1-load))
	var sum time.Duration
	for _, l := range r.Latencies {
		sum += l
	}
	assert.InEpsilon(t, want, sum.Seconds()/float64(len(r.Latencies)), 0.05)
}

// A server that holds one function loads each anew when two take turns.
func TestRun_EvictsWhatWasUsedLongestAgo(t *testing.T) {
	r := simulate(t, simulator.Config{Seed: 1, Policy: "round-robin", Length: 100 * time.Second,
		Servers: []simulator.Server{{Speed: 1, Slots: 1, Holds: 1}},
		Functions: []simulator.Function{
			{Rate: 0.5, Median: time.Millisecond, Init: time.Millisecond},
			{Rate: 0.5, Median: time.Millisecond, Init: time.Millisecond}}})
	assert.InDelta(t, len(r.Latencies)/2, r.Cold, float64(len(r.Latencies))/5)
	assert.Equal(t, r.Cold, r.Inits)
}

func TestRun_SaysWhatMakesNoSense(t *testing.T) {
	one := []simulator.Server{{Speed: 1, Slots: 1}}
	for want, c := range map[string]simulator.Config{
		"no servers to simulate":           {Policy: "warm"},
		"server 0 needs a speed and slots": {Policy: "warm", Servers: []simulator.Server{{Speed: 1}}},
		"function 0 needs a rate":          {Policy: "warm", Servers: one, Functions: []simulator.Function{{}}},
		"no policy":                        {Policy: "best", Servers: one},
	} {
		_, err := simulator.Run(c)
		assert.ErrorContains(t, err, want)
	}
}

// What a server says of itself is weighed against how long its answers take: one
// that is always idle, as it says, draws no more than it can do.
func TestRun_AServerThatAlwaysSaysItIsIdleIsFoundOut(t *testing.T) {
	f := simulator.Function{Median: 20 * time.Millisecond, Sigma: 0.5}
	f.Rate = 0.7 * 12 / f.Mean().Seconds()
	run := func(policy string, speed float64, lies bool) simulator.Result {
		return simulate(t, simulator.Config{Seed: 1, Policy: policy, Ready: true, Length: 3 * time.Minute, WarmUp: time.Minute, Functions: []simulator.Function{f},
			Servers: []simulator.Server{{Speed: speed, Slots: 4, Lies: lies}, {Speed: 1, Slots: 4}, {Speed: 1, Slots: 4}, {Speed: 1, Slots: 4}}})
	}
	for _, speed := range []float64{1, 0.1} {
		honest, lying := run("warm", speed, false), run("warm", speed, true)
		assert.Less(t, lying.Quantile(0.99), honest.Quantile(0.99)*3/2, "speed %v", speed)
		fooled := run("least-loaded", speed, true)
		assert.Greater(t, fooled.Quantile(0.99), 10*lying.Quantile(0.99), "who believes it pays for it, speed %v", speed)
	}
}
