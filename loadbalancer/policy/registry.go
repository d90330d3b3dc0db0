package policy

import (
	"fmt"
	"strings"
)

// policies are those that settings can name, the default first.
var policies = []struct {
	name string
	make func() Policy
}{
	{"warm", newWarm},
	{"consistent-hash", newConsistentHash},
	{"least-loaded", newLeastLoaded},
	{"p2c", newP2C},
	{"peak-ewma", newPeakEWMA},
	{"random", newRandom},
	{"round-robin", newRoundRobin},
}

// Names are the policies that [New] knows, the default first.
func Names() []string {
	names := make([]string, len(policies))
	for i, p := range policies {
		names[i] = p.name
	}
	return names
}

// New makes a policy by its name, for one fleet, whose options hold for it.
func New(name string) (Policy, error) {
	for _, p := range policies {
		if p.name == name {
			return p.make(), nil
		}
	}
	return nil, fmt.Errorf("no policy %q; there are %s", name, strings.Join(Names(), ", "))
}
