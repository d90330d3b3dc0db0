package simulator_test

import (
	"fmt"
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy/simulator"
)

// Ten functions, three servers that hold four of them each: a policy that goes to
// where a function is held already waits for fewer inits.
func Example() {
	config := simulator.Config{Seed: 1, Length: time.Minute}
	for range 3 {
		config.Servers = append(config.Servers, simulator.Server{Speed: 1, Slots: 4, Holds: 4})
	}
	for range 10 {
		config.Functions = append(config.Functions, simulator.Function{Rate: 2, Median: 20 * time.Millisecond, Init: time.Second})
	}
	cold := map[string]int{}
	for _, policy := range []string{"random", "warm"} {
		config.Policy = policy
		result, err := simulator.Run(config)
		if err != nil {
			panic(err)
		}
		cold[policy] = result.Cold
	}
	fmt.Println(cold["warm"] < cold["random"])
	// Output: true
}
