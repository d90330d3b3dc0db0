package policy_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer/policy/simulator"
)

// median simulates with each of 10 seeds and returns the medians of p99 and of
// the number of cold starts.
func median(t *testing.T, c simulator.Config, name string) (p99 time.Duration, cold int) {
	t.Helper()
	const seeds = 10
	var tails []time.Duration
	var colds []int
	for seed := range uint64(seeds) {
		c.Seed, c.Policy = seed, name
		r, err := simulator.Run(c)
		require.NoError(t, err)
		tails, colds = append(tails, r.Quantile(0.99)), append(colds, r.Cold)
	}
	slices.Sort(tails)
	slices.Sort(colds)
	return tails[seeds/2], colds[seeds/2]
}

// oneSlow is four servers of which one has a tenth of the others' speed, and
// one function that all have, at 0.7 of what they can do.
func oneSlow(slots, balancers int) simulator.Config {
	f := simulator.Function{Median: 50 * time.Millisecond, Sigma: 1}
	f.Rate = 0.7 * 3.1 * float64(slots) / f.Mean().Seconds()
	const requests = 10_000
	length := time.Duration(requests / f.Rate * float64(time.Second))
	c := simulator.Config{Balancers: balancers, Ready: true, Functions: []simulator.Function{f}, Length: length, WarmUp: length / 5}
	for _, speed := range []float64{1, 1, 1, 0.1} {
		c.Servers = append(c.Servers, simulator.Server{Speed: speed, Slots: slots})
	}
	return c
}

func TestWarm_TailIsShorterThanOthersWithOneSlowServer(t *testing.T) {
	for _, shape := range []struct{ slots, balancers int }{{1, 1}, {8, 1}, {1, 4}, {8, 4}} {
		t.Run(fmt.Sprintf("%d slots, %d balancers", shape.slots, shape.balancers), func(t *testing.T) {
			t.Parallel()
			c := oneSlow(shape.slots, shape.balancers)
			warm, _ := median(t, c, "warm")
			for _, other := range []string{"p2c", "peak-ewma", "least-loaded"} {
				p99, _ := median(t, c, other)
				assert.Less(t, warm, p99, other)
				t.Log(other, p99, "warm", warm)
			}
			p99, _ := median(t, c, "round-robin")
			assert.Less(t, 5*warm, p99, "round-robin")
		})
	}
}

// many is 200 functions, some called much more often than most, and eight
// servers that hold a part of them.
func many(load float64, holds int) simulator.Config {
	c := simulator.Config{Length: 90 * time.Second, WarmUp: 30 * time.Second}
	const servers, slots, functions = 8, 4, 200
	for range servers {
		c.Servers = append(c.Servers, simulator.Server{Speed: 1, Slots: slots, Holds: holds})
	}
	var sum float64
	for i := range functions {
		sum += 1 / float64(i+1)
	}
	for i := range functions {
		f := simulator.Function{Median: 50 * time.Millisecond, Sigma: 1, Init: time.Second}
		f.Rate = load * servers * slots / f.Mean().Seconds() / float64(i+1) / sum
		c.Functions = append(c.Functions, f)
	}
	return c
}

// Hashing with bounded loads takes a popular function wherever its order leads,
// warm goes where it is already: fewer cold starts, and no longer a tail.
func TestWarm_StartsColdLessOftenThanBoundedHashing(t *testing.T) {
	for name, c := range map[string]simulator.Config{
		"servers hold all":                  many(0.7, 0),
		"servers hold a fifth":              many(0.5, 40),
		"servers hold less than all in all": many(0.7, 20),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p99, cold := median(t, c, "warm")
			hashedP99, hashedCold := median(t, c, "consistent-hash")
			assert.Less(t, cold, hashedCold)
			assert.LessOrEqual(t, p99.Seconds(), 1.05*hashedP99.Seconds())
			t.Log("warm", p99, cold, "hash", hashedP99, hashedCold)
		})
	}
}
