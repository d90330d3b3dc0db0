package main

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/stats"
)

const (
	poolCallers = 16
	poolSleep   = 100 * time.Millisecond
)

// pool measures what 16 processes gain over one, for a function that only waits
// and 16 callers, and how long it takes until the 16 are there.
func pool(r *rig) (out result, err error) {
	rounds, kinds := r.roundsOr(5), []string{"native", "python:3"}
	bar := newBar(rounds*len(kinds)*2, "pool")
	for round := range rounds {
		for _, kind := range kinds {
			limits := []int{1, poolCallers}
			if round%2 == 1 {
				limits = []int{poolCallers, 1}
			}
			rates := map[int]float64{}
			for _, limit := range limits {
				awaitCalm()
				g, err := measurePool(r, kind, limit)
				if err != nil {
					return out, fmt.Errorf("%s, %d processes: %w", kind, limit, err)
				}
				rates[limit] = g.rate
				out.sample(fmt.Sprintf("%s, at most %d: runs per second", kind, limit), g.rate)
				if limit > 1 {
					out.sample(kind+": ms to grow", stats.Milliseconds(g.grew))
				}
				_ = bar.Add(1)
			}
			out.sample(kind+": ratio", rates[poolCallers]/rates[1])
		}
	}
	out.Columns = []string{"16 callers, runs of 100 ms", "runs/s with 1 process", "with up to 16", "ratio", "until the 16th has a run"}
	for _, kind := range kinds {
		ratios := out.Samples[kind+": ratio"]
		out.row(kind, stats.Spread(out.Samples[kind+", at most 1: runs per second"], "%.1f"), stats.Spread(out.Samples[kind+", at most 16: runs per second"], "%.1f"),
			stats.Spread(ratios, "%.1f"), stats.Spread(out.Samples[kind+": ms to grow"], "%.0f")+" ms")
		out.Goals = append(out.Goals, goal{kind + ": 16 processes against 1", "≥ 12×", fmt.Sprintf("%.1f×", stats.Median(ratios)), stats.Median(ratios) >= 12})
	}
	return out, nil
}

// growth is a pool that was watched.
type growth struct {
	mu    sync.Mutex // guards what follows
	seen  map[int]bool
	want  int
	grew  time.Duration // until all had a run
	full  chan struct{} // closed then
	ended []time.Time
	rate  float64
}

// measurePool calls a function on a fresh server until its pool has grown, and
// then counts.
func measurePool(r *rig, kind string, limit int) (*growth, error) {
	s, err := r.server()
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	f := sleeper(r, kind, map[string]string{"WHISKAWAY_MAX_INSTANCES": strconv.Itoa(limit)})
	first := newConn(s.Address)
	defer first.Close()
	run := f.run(fmt.Sprintf(`{"sleep":%d}`, poolSleep.Milliseconds()))
	for _, request := range [][]byte{f.init(), run.as(newID())} {
		if _, err := first.must(request); err != nil {
			return nil, err
		}
	}
	g := &growth{seen: map[int]bool{}, want: limit, full: make(chan struct{})}
	stop, failed := make(chan struct{}), make(chan error, poolCallers)
	var callers sync.WaitGroup
	begin := time.Now()
	for range poolCallers {
		callers.Go(func() { failed <- g.call(s.Address, run.own(), begin, stop) })
	}
	if err = await(g.full, failed, "the pool has not grown"); err == nil {
		time.Sleep(time.Second) // the callers fall into step with the full pool
		counted := r.phaseOr(8 * time.Second)
		from := time.Now()
		time.Sleep(counted)
		g.count(from, from.Add(counted))
	}
	close(stop)
	callers.Wait()
	close(failed)
	for e := range failed {
		err = errors.Join(err, e)
	}
	return g, err
}

func await(done <-chan struct{}, failed <-chan error, problem string) error {
	select {
	case <-done:
		return nil
	case err := <-failed:
		return err
	case <-time.After(patience):
		return fmt.Errorf("%s in %v", problem, patience)
	}
}

// call runs the function over and over, as one caller.
func (g *growth) call(address string, run request, begin time.Time, stop <-chan struct{}) error {
	c := newConn(address)
	defer c.Close()
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		a, err := c.must(run.as(newID()))
		if err != nil {
			return err
		}
		told, err := a.acted()
		if err != nil {
			return err
		}
		g.note(told.PID, begin)
	}
}

func (g *growth) note(pid int, begin time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.ended = append(g.ended, now)
	if g.seen[pid] {
		return
	}
	g.seen[pid] = true
	if len(g.seen) == g.want {
		g.grew = now.Sub(begin) - poolSleep // its first run started that long ago
		close(g.full)
	}
}

// count finds how many runs ended per second between two moments.
func (g *growth) count(from, to time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for _, at := range g.ended {
		if at.After(from) && at.Before(to) {
			n++
		}
	}
	g.rate = float64(n) / to.Sub(from).Seconds()
}
