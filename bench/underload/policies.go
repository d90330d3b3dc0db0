package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/whiskaway/whiskaway/bench/internal/load"
	"github.com/whiskaway/whiskaway/bench/internal/stats"
)

// once is one policy in one round; special is the figure's subject beside the
// latency.
type once struct {
	load.Result
	special float64
}

// byPolicy is the outcomes of policies, round by round.
type byPolicy struct {
	figure, special string // names, of samples too
	policies        []string
	measure         func(r *rig, policy string, seed uint64) (once, error)

	p50s, p99s, specials map[string]stats.Rounds
	answered, failed     map[string]int64
}

// run has each policy measured in each round, in an order of its own.
func (c *byPolicy) run(r *rig, rounds int, out *result) error {
	c.p50s, c.p99s, c.specials = map[string]stats.Rounds{}, map[string]stats.Rounds{}, map[string]stats.Rounds{}
	c.answered, c.failed = map[string]int64{}, map[string]int64{}
	bar := newBar(rounds*len(c.policies), c.figure)
	for round := range rounds {
		for _, at := range rand.Perm(len(c.policies)) {
			policy := c.policies[at]
			one, err := c.measure(r, policy, uint64(round))
			if err != nil {
				return fmt.Errorf("%s: %w", policy, err)
			}
			p99 := atQuantile(one.Latency, 0.99)
			c.p50s[policy] = append(c.p50s[policy], atQuantile(one.Latency, 0.5))
			c.p99s[policy] = append(c.p99s[policy], p99)
			c.specials[policy] = append(c.specials[policy], one.special)
			c.answered[policy] += one.Answered
			c.failed[policy] += one.Failed
			out.sample(policy+", p99, ms", p99)
			out.sample(policy+", "+c.special, one.special)
			_ = bar.Add(1)
		}
	}
	return nil
}

// atMost returns the goal that one policy's values are at most a given part of
// another's.
func atMost(what string, values map[string]stats.Rounds, policy, other string, most float64) goal {
	ratio := values[policy].Over(values[other]).Quartiles()
	return goal{what, fmt.Sprintf("≤ %g ×", most), fmt.Sprintf("%.2f × (%.2f–%.2f)", ratio.Median, ratio.Lower, ratio.Upper), ratio.Median <= most}
}
