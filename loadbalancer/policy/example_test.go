package policy_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

func Example() {
	now := time.Unix(0, 0)
	rng := rand.New(rand.NewPCG(1, 2))
	fleet := policy.NewFleet(policy.Options{})
	warm, err := policy.New("warm")
	if err != nil {
		panic(err)
	}
	for _, name := range []string{"host-a:9000", "host-b:9000"} {
		fleet.Report(fleet.Add(name, now), policy.Load{Slots: 8}, now)
	}

	fn := policy.NewFunction("alice 7128cd7466b0") // tenant and identity
	first := fleet.Pick(warm, policy.Request{Function: fn}, now, rng)
	fmt.Println(first.Server.Name(), first.Why)

	run := fleet.Sent(fn, first.Server, now)
	fleet.InitStarted(fn, first.Server, now)
	now = now.Add(time.Second) // its init
	fleet.Ready(fn, first.Server, now)
	now = now.Add(20 * time.Millisecond) // its run
	fleet.Done(run, policy.Answer{Took: 20 * time.Millisecond}, now)
	fleet.Report(first.Server, policy.Load{Slots: 8}, now)

	second := fleet.Pick(warm, policy.Request{Function: fn}, now, rng)
	fmt.Println(second.Server.Name(), second.Why)
	// Output:
	// host-a:9000 cold
	// host-a:9000 warm
}

// fewestOwn is a policy of one's own: the server to which this balancer has sent
// the fewest runs.
type fewestOwn struct{}

func (fewestOwn) Pick(r policy.Request, f *policy.Fleet, now time.Time, rng *rand.Rand) (c policy.Choice) {
	for _, s := range f.Servers() {
		if (c.Server == nil || s.InFlight() < c.Server.InFlight()) && f.Takes(s, r, now, rng) {
			c = policy.Choice{Server: s, Why: policy.Spread}
		}
	}
	return c
}

func ExamplePolicy() {
	now := time.Unix(0, 0)
	fleet, fn := policy.NewFleet(policy.Options{}), policy.NewFunction("f")
	fleet.Add("a", now)
	fleet.Add("b", now)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		c := fleet.Pick(fewestOwn{}, policy.Request{Function: fn}, now, rng)
		fleet.Sent(fn, c.Server, now)
		fmt.Println(c.Server.Name())
	}
	// Output:
	// a
	// b
	// a
}
