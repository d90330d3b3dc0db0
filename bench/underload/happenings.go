package main

import (
	"context"
	"fmt"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/load"
	"github.com/whiskaway/whiskaway/bench/internal/service"
	"github.com/whiskaway/whiskaway/bench/internal/stats"
)

// happen puts a steady load on three servers and does something to each of
// them, round by round.
func happen(r *rig, rounds int, what string, do func(*fleet, *service.Service) error) (done load.Result, err error) {
	servers, err := r.start(three)
	if err != nil {
		return done, err
	}
	f, err := r.fleet(servers)
	if err != nil {
		return done, err
	}
	defer f.stop()
	client, target, err := f.crowded(r, "native", steadyCallers)
	if err != nil {
		return done, err
	}
	defer client.Stop()
	defer target.Close()
	if err := target.Init(context.Background(), r.action(map[string]string{"WHISKAWAY_MAX_INSTANCES": "8"}).initBody()); err != nil {
		return done, err
	}
	bar := newBar(rounds*len(servers), what)
	running := startSteady(target)
	for i := 0; i < rounds*len(servers) && err == nil; i++ {
		err = do(f, servers[i%len(servers)])
		_ = bar.Add(1)
	}
	return running.stop(), err
}

// outLimit bounds how long a server that hangs may be given work.
const outLimit = 3 * time.Second

// frozen stops servers with SIGSTOP, under load, and measures how long they are
// given work. Their runs are answered when they continue.
func frozen(r *rig) (out result, err error) {
	var times []float64
	done, err := happen(r, r.roundsOr(3), "frozen", func(f *fleet, s *service.Service) error {
		s.Freeze()
		took, err := f.await(s, "!healthy")
		s.Thaw()
		if err != nil {
			return err
		}
		times = append(times, stats.Milliseconds(took))
		out.sample("out after, ms", stats.Milliseconds(took))
		_, err = f.await(s, "healthy")
		return err
	})
	if err != nil {
		return out, err
	}
	worst := stats.Quantile(times, 1)
	out.Columns = []string{"a frozen server of three", "is out after, ms, median (quartiles)", "at most", "runs answered", "failed"}
	out.row(fmt.Sprintf("%d times", len(times)), stats.Spread(times, "%.0f"), fmt.Sprintf("%.0f", worst), fmt.Sprint(done.Answered), fmt.Sprint(done.Failed))
	out.Goals = append(out.Goals,
		goal{"a frozen server is out", fmt.Sprintf("≤ %v", outLimit), fmt.Sprintf("%.0f ms", worst), worst <= stats.Milliseconds(outLimit)},
		failures(done))
	return out, nil
}

// rolling restarts all servers, one after the other, under load.
func rolling(r *rig) (out result, err error) {
	restarts := 0
	done, err := happen(r, r.roundsOr(3), "rolling", func(f *fleet, s *service.Service) error {
		restarts++
		s.Stop()
		if err := s.Again(); err != nil {
			return err
		}
		_, err := f.await(s, "healthy")
		return err
	})
	if err != nil {
		return out, err
	}
	out.Columns = []string{"three servers restarted in turn (SIGTERM)", "runs answered", "failed", "p50, ms", "p99", "longest"}
	out.row(fmt.Sprintf("%d restarts", restarts), fmt.Sprint(done.Answered), fmt.Sprint(done.Failed),
		fmt.Sprintf("%.1f", atQuantile(done.Latency, 0.5)), fmt.Sprintf("%.1f", atQuantile(done.Latency, 0.99)), fmt.Sprintf("%.1f", atQuantile(done.Latency, 1)))
	out.Goals = append(out.Goals, failures(done))
	return out, nil
}

func failures(done load.Result) goal {
	measured := fmt.Sprintf("%d of %d", done.Failed, done.Answered+done.Failed)
	for message, n := range done.Errors {
		measured += fmt.Sprintf("; %d × %s", n, message)
	}
	return goal{"failed runs", "0", measured, done.Failed == 0 && done.Answered > 0}
}
