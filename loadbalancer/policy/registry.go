package policy

import (
	"fmt"
	"strings"
)

// policies are those that have names, the default first. Baselines are there to be
// measured against: no figure speaks for them.
var policies = []struct {
	name string
	make func() Policy
	base bool
}{
	{"warm", newWarm, false},
	{"least-loaded", newLeastLoaded, false},
	{"consistent-hash", newConsistentHash, true},
	{"p2c", newP2C, true},
	{"peak-ewma", newPeakEWMA, true},
	{"random", newRandom, true},
	{"round-robin", newRoundRobin, true},
}

// Names are the policies that are offered, the default first.
func Names() (names []string) {
	for _, p := range policies {
		if !p.base {
			names = append(names, p.name)
		}
	}
	return names
}

// New makes a policy by its name, for one fleet, whose options hold for it. It knows
// the baselines too: consistent-hash, p2c, peak-ewma, random and round-robin.
func New(name string) (Policy, error) {
	for _, p := range policies {
		if p.name == name {
			return p.make(), nil
		}
	}
	return nil, fmt.Errorf("no policy %q; there are %s", name, strings.Join(Names(), ", "))
}
