package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/load"
	"github.com/whiskaway/whiskaway/bench/internal/service"
	"github.com/whiskaway/whiskaway/bench/internal/stats"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	lineSlots = 4  // runs of a function that each of the servers executes at once
	lineRun   = 20 // milliseconds of each run, of both tenants
	lineFlood = 3  // how often what the servers can do the flood asks for
)

// lineArms are balancers whose runs wait for a server, and one without a queue.
// The servers' own queues are short, so that the balancer's shows.
var lineArms = []string{"with a queue", "without one"}

// line measures a tenant's few runs behind a balancer while another tenant asks
// for more than all servers can do.
func line(r *rig) (out result, err error) {
	p50s, p99s, refused := map[string]stats.Rounds{}, map[string]stats.Rounds{}, map[string]stats.Rounds{}
	flooded := map[string]stats.Rounds{}
	rounds := r.roundsOr(5)
	bar := newBar(rounds*len(lineArms), "line")
	for round := range rounds {
		for _, at := range rand.Perm(len(lineArms)) {
			arm := lineArms[at]
			o, err := lineOnce(r, arm == lineArms[0])
			if err != nil {
				return out, fmt.Errorf("%s, round %d: %w", arm, round, err)
			}
			p50s[arm] = append(p50s[arm], atQuantile(o.latency, 0.5))
			p99s[arm] = append(p99s[arm], atQuantile(o.latency, 0.99))
			refused[arm] = append(refused[arm], 100*float64(o.refused)/float64(o.refused+o.latency.TotalCount()))
			flooded[arm] = append(flooded[arm], float64(o.flood.done)/o.took.Seconds())
			out.sample(arm+", quiet's p99, ms", atQuantile(o.latency, 0.99))
			_ = bar.Add(1)
		}
	}
	out.Columns = []string{"balancer", "quiet's runs, 20/s: p50, ms", "p99, ms", "refused, %", "flood's runs/s"}
	for _, arm := range lineArms {
		out.row(arm, stats.Spread(p50s[arm], "%.1f"), stats.Spread(p99s[arm], "%.0f"), stats.Spread(refused[arm], "%.1f"), stats.Spread(flooded[arm], "%.0f"))
	}
	ratio := flooded[lineArms[0]].Over(flooded[lineArms[1]]).Quartiles()
	out.Goals = []goal{
		{"quiet's runs refused, with a queue", "≤ 0.5 %", stats.Spread(refused[lineArms[0]], "%.1f") + " %", refused[lineArms[0]].Quartiles().Median <= 0.5},
		{"flood's runs/s with a queue, against without", "≥ 1.1 ×", fmt.Sprintf("%.2f × (%.2f–%.2f)", ratio.Median, ratio.Lower, ratio.Upper), ratio.Median >= 1.1},
	}
	return out, nil
}

// lineOutcome is an outcome of which some runs were refused.
type lineOutcome struct {
	outcome
	refused int64
}

func lineOnce(r *rig, queue bool) (o lineOutcome, err error) {
	tokens, own := filepath.Join(r.dir, "tokens"), filepath.Join(r.dir, "own-token")
	const balancer = "balancer-of-the-bench-0"
	delegate := balancer + " operator delegate\n" // such tokens are shown the servers
	for file, text := range map[string]string{tokens: quietToken + " quiet\n" + floodToken + " flood\n" + delegate, own: balancer + "\n", tokens + "-servers": delegate} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return o, err
		}
	}
	servers, err := r.start([]string{fast, fast}, "--slots", fmt.Sprint(lineSlots), "--queue", "4", "--queue-total", "8", "--allow-shared-user", "--token-file", tokens+"-servers")
	if err != nil {
		return o, err
	}
	args := []string{"--token-file", tokens, "--servers-token-file", own}
	if !queue {
		args = append(args, "--queue=-1")
	}
	f, err := r.fleetFor(balancer, servers, args...)
	if err != nil {
		return o, err
	}
	defer f.stop()
	return r.lineLoad(f.balancer)
}

// lineLoad sends both tenants' runs.
func (r *rig) lineLoad(balancer *service.Service) (o lineOutcome, err error) {
	value := fmt.Sprintf(`{"sleep":%d}`, lineRun)
	runs := map[string]request{}
	c := newConn(balancer.Address)
	defer c.Close()
	for _, token := range []string{quietToken, floodToken} {
		f := r.action(map[string]string{"WHISKAWAY_MAX_INSTANCES": fmt.Sprint(lineSlots)})
		f.token = token
		if _, err = c.must(f.init()); err != nil {
			return o, err
		}
		runs[token] = f.run(value)
	}
	capacity := 2 * lineSlots * 1000.0 / lineRun
	flood := startFlood(balancer.Address, runs[floodToken], lineFlood*capacity)
	defer flood.stop()
	time.Sleep(2 * time.Second) // until it is as it stays
	flood.reset()
	target, err := load.NewTarget("http://"+balancer.Address, inFlight)
	if err != nil {
		return o, err
	}
	defer target.Close()
	target.Raw, target.Concurrency = true, inFlight
	w := &tolerant{run: runs[quietToken]}
	got := load.Open(context.Background(), []*load.Target{target}, w, load.Poisson(quietRate, 1), load.Plan{For: r.phaseOr(10 * time.Second), InFlight: inFlight, Limit: answerLimit})
	o.refused = w.refused.Load()
	if other := got.Failed - o.refused; other > 0 {
		return o, fmt.Errorf("%d runs failed: %v", other, got.Errors)
	}
	o.latency, o.took, o.flood = got.Latency, got.Elapsed, flood.count()
	return o, nil
}

// tolerant is work of which runs may be refused, as saturated.
type tolerant struct {
	run     request
	refused atomic.Int64
}

func (w *tolerant) Next(buf []byte, _ int) []byte {
	return (&work{run: w.run}).Next(buf, 0)
}

func (w *tolerant) Check(_ []byte, got *load.Answer) error {
	a, err := newAnswer(got)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK && a.reason == runtimespec.Saturated {
		w.refused.Add(1)
	}
	return a.good()
}
