package main

import (
	"math/rand/v2"
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// ownFirst is the policy. A balancer calls it under its lock, so it does no
// I/O, and gets the time and random numbers as arguments.
type ownFirst struct {
	rented map[string]bool // names of servers, which are their URLs
}

func newOwnFirst(rented []string) ownFirst {
	p := ownFirst{rented: map[string]bool{}}
	for _, url := range rented {
		p.rented[url] = true
	}
	return p
}

// Pick chooses the server with the lowest cost, among those that may get the
// run. Why is for metrics; policy.Why documents its values.
func (p ownFirst) Pick(r policy.Request, f *policy.Fleet, now time.Time, rng *rand.Rand) (best policy.Choice) {
	least := 0.0
	for _, s := range f.Servers() {
		cost := p.cost(r.Function, s)
		if (best.Server == nil || cost < least) && f.Takes(s, r, now, rng) {
			best, least = policy.Choice{Server: s, Why: policy.Spread}, cost
		}
	}
	return best
}

// cost only ranks: a free slot of an own server, then a rented one, then the
// server with the lowest load. A server that has to initialise the function
// first costs a little more.
func (p ownFirst) cost(fn *policy.Function, s *policy.Server) float64 {
	cost := float64(s.Load()) / float64(s.Slots())
	switch {
	case s.Load() >= s.Slots():
		cost += 20
	case p.rented[s.Name()]:
		cost += 10
	}
	if fn.On(s) == policy.Absent {
		cost++
	}
	return cost
}
