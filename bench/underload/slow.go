package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/load"
	"github.com/whiskaway/whiskaway/bench/internal/stats"
)

const (
	slowSlots    = 4                     // runs that a server executes at once
	slowMean     = 20 * time.Millisecond // of a run where servers are as fast as they are
	slowFactor   = 10                    // the slow one takes as much longer; the action knows its folder
	slowLoad     = 0.7                   // of what the four can do together
	slowWarmup   = 5 * time.Second
	slowTime     = time.Minute
	slowInFlight = 4096
)

// crowdArgs let as many runs wait as arrive.
var crowdArgs = []string{"--slots", fmt.Sprint(slowSlots), "--queue", "1024", "--queue-total", "4096"}

// slowPolicies are in the order of tables; turns are taken in any.
var slowPolicies = []string{"warm", "p2c", "peak-ewma", "least-loaded", "consistent-hash", "random", "round-robin"}

// slow has four servers, one with a tenth of the others' speed, under an open
// loop at a part of what they can do together, with each policy.
func slow(r *rig) (out result, err error) {
	c := &byPolicy{figure: "slow", special: "runs at the slow one, %", policies: slowPolicies, measure: slowOnce}
	if err := c.run(r, r.roundsOr(3), &out); err != nil {
		return out, err
	}
	out.Columns = []string{"policy", "p50, ms", "p99, ms", "runs at the slow one", "answered", "failed"}
	for _, policy := range slowPolicies {
		out.row(policy, stats.Spread(c.p50s[policy], "%.1f"), stats.Spread(c.p99s[policy], "%.0f"), stats.Spread(c.specials[policy], "%.1f %%"),
			fmt.Sprint(c.answered[policy]), fmt.Sprint(c.failed[policy]))
	}
	for _, other := range []string{"p2c", "peak-ewma", "least-loaded", "round-robin"} {
		most := 1.0
		if other == "round-robin" {
			most = 0.2
		}
		out.Goals = append(out.Goals, atMost("p99 of warm against "+other+"'s", c.p99s, "warm", other, most))
	}
	return out, nil
}

func slowOnce(r *rig, policy string, seed uint64) (one once, err error) {
	servers, err := r.start(append([]string{lame}, three...), crowdArgs...)
	if err != nil {
		return one, err
	}
	f, err := r.fleet(servers, "--policy", policy)
	if err != nil {
		return one, err
	}
	defer f.stop()
	client, target, err := f.crowded(r, "native", slowInFlight)
	if err != nil {
		return one, err
	}
	defer client.Stop()
	defer target.Close()
	if err := target.Init(context.Background(), r.action(map[string]string{"WHISKAWAY_MAX_INSTANCES": fmt.Sprint(slowSlots)}).initBody()); err != nil {
		return one, err
	}
	work := &drawn{random: rand.New(rand.NewPCG(seed, 1))}
	rate := slowLoad * (float64(len(servers)-1) + 1.0/slowFactor) * slowSlots / slowMean.Seconds()
	one.Result = load.Open(context.Background(), []*load.Target{target}, work, load.Poisson(rate, seed), load.Plan{
		Warmup: slowWarmup, For: r.phaseOr(slowTime), InFlight: slowInFlight, Limit: answerLimit,
	})
	one.special, err = work.slowShare()
	return one, err
}

// drawn is work whose runs take times from a lognormal distribution, σ = 1.
// Every policy gets the same times in the same order.
type drawn struct {
	mu     sync.Mutex // guards what follows
	random *rand.Rand
	runs   int
	slow   int // of them, executed by the slow server
}

func (d *drawn) Next(_ []byte, _ int) []byte {
	d.mu.Lock()
	sleep := stats.Milliseconds(slowMean) * math.Exp(d.random.NormFloat64()-0.5)
	d.mu.Unlock()
	return []byte(runBody(fmt.Sprintf(`{"sleep":%.3f,"slower":%d}`, sleep, slowFactor), newID()))
}

func (d *drawn) Check(body []byte, got *load.Answer) error {
	if err := orders(nil).Check(body, got); err != nil {
		return err
	}
	a, err := newAnswer(got)
	if err != nil {
		return err
	}
	did, err := a.acted()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.runs++
	if did.Slow {
		d.slow++
	}
	return err
}

// slowShare returns an error if the slow server was not recognised.
func (d *drawn) slowShare() (percent float64, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.runs == 0 {
		return 0, fmt.Errorf("no run was answered")
	}
	return 100 * float64(d.slow) / float64(d.runs), nil
}
