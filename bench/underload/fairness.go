package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/whiskaway/whiskaway/bench/internal/service"
	"github.com/whiskaway/whiskaway/bench/internal/stats"
)

const (
	quietRate = 20 // runs per second
	runSpin   = 5  // milliseconds of CPU in each run, of both tenants
	overload  = 10 // how often what the host can do the flood asks for

	quietToken = "quiet-tenant-of-the-bench"
	floodToken = "flood-tenant-of-the-bench"
)

// fairness measures how long a tenant's few runs take alone, and while another
// tenant asks for ten times what the host can do.
func fairness(r *rig) (out result, err error) {
	rounds, length := r.roundsOr(4), r.phaseOr(20*time.Second)
	d, err := newDuel(r)
	if err != nil {
		return out, err
	}
	defer d.close()
	defer hurry()()
	bar := newBar(rounds*2, "fairness")
	var all [2]outcome
	for range rounds {
		for i, flooded := range []bool{false, true} {
			var l outcome
			again, err := calm(func() (float64, error) {
				var err error
				l, err = d.phase(length, flooded)
				return l.cpu.others().Seconds() / l.took.Seconds(), err
			})
			if err != nil {
				return out, err
			}
			out.sample(phaseName(flooded)+": phases thrown away", float64(again))
			out.sample(phaseName(flooded)+": p99 ms", atQuantile(l.latency, 0.99))
			all[i].add(l)
			_ = bar.Add(1)
		}
	}
	out.Columns = []string{"quiet's runs, 20/s", "p50", "p99", "p99 by phase", "p99 in the function", "p99 sent late", "CPUs: server", "functions", "generator", "strangers", "flood: done", "refused", "failed", "not sent"}
	for i := range all {
		out.add(phaseName(i == 1), &all[i])
	}
	ratio := atQuantile(all[1].latency, 0.99) / atQuantile(all[0].latency, 0.99)
	out.Goals = []goal{{"quiet's p99 while another floods, against alone", "≤ 2×", fmt.Sprintf("%.2f×", ratio), ratio <= 2}}
	return out, nil
}

func phaseName(flooded bool) string {
	if flooded {
		return "flooded"
	}
	return "alone"
}

// add adds a row to the table, from all phases of a kind.
func (r *result) add(name string, l *outcome) {
	share := func(cpu time.Duration) string { return fmt.Sprintf("%.2f", cpu.Seconds()/l.took.Seconds()) }
	rate := func(n int64) string { return fmt.Sprintf("%.0f/s", float64(n)/l.took.Seconds()) }
	p99 := func(times *hdrhistogram.Histogram) string { return fmt.Sprintf("%.1f ms", atQuantile(times, 0.99)) }
	r.row(name, fmt.Sprintf("%.1f ms", atQuantile(l.latency, 0.5)), p99(l.latency), stats.Spread(r.Samples[name+": p99 ms"], "%.1f")+" ms",
		p99(l.inside), p99(l.late), share(l.cpu.server), share(l.cpu.functions), share(l.cpu.own), share(l.cpu.others()),
		rate(l.flood.done), rate(l.flood.refused), rate(l.flood.failed), rate(l.flood.notSent))
	for what, times := range map[string]*hdrhistogram.Histogram{"latency": l.latency, "in the function": l.inside, "late": l.late} {
		for _, q := range []float64{0.5, 0.9, 0.99, 0.999} {
			r.sample(fmt.Sprintf("%s: %s p%g ms", name, what, 100*q), atQuantile(times, q))
		}
	}
}

// duel is a server with two tenants.
type duel struct {
	server       *service.Service
	quiet, flood request
	perSecond    float64 // of the flood
}

func newDuel(r *rig) (*duel, error) {
	tokens := filepath.Join(r.dir, "tokens")
	if err := os.WriteFile(tokens, []byte(quietToken+" quiet\n"+floodToken+" flood\n"), 0o600); err != nil {
		return nil, err
	}
	s, err := r.server("--token-file", tokens)
	if err != nil {
		return nil, err
	}
	capacity := float64(runtime.NumCPU()) * 1000 / runSpin
	d := &duel{server: s, perSecond: overload * capacity}
	c := newConn(s.Address)
	defer c.Close()
	for token, run := range map[string]*request{quietToken: &d.quiet, floodToken: &d.flood} {
		f := r.action(nil)
		f.token = token
		*run = f.run(fmt.Sprintf(`{"spin":%d}`, runSpin))
		_, err := c.must(f.init())
		for i := 0; i < 50 && err == nil; i++ { // warm
			_, err = c.must(run.as(newID()))
		}
		if err != nil {
			s.Stop()
			return nil, err
		}
	}
	return d, nil
}

func (d *duel) close() { d.server.Stop() }

// phase measures the quiet tenant's runs for a while.
func (d *duel) phase(length time.Duration, flooded bool) (l outcome, err error) {
	var f *flood
	if flooded {
		f = startFlood(d.server.Address, d.flood, d.perSecond)
		time.Sleep(time.Second) // until the queue is full
		f.reset()
	}
	before, begin := cpuOf(d.server.PID()), time.Now()
	l, err = openLoop(d.server.Address, d.quiet, quietRate, length)
	if err == nil && l.latency.TotalCount() == 0 {
		err = fmt.Errorf("no run of the quiet tenant in %v", length)
	}
	l.took, l.cpu = time.Since(begin), cpuOf(d.server.PID()).less(before)
	if f != nil {
		l.flood = f.count()
		f.stop()
	}
	time.Sleep(time.Second) // what still waits is done
	return l, err
}
