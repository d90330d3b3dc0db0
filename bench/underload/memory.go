package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/proc"
	"github.com/whiskaway/whiskaway/bench/internal/service"
	"github.com/whiskaway/whiskaway/bench/internal/stats"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	memoryCallers = 4
	// memorySettle is how long a server is left alone before it is measured.
	memorySettle = 10 * time.Second
	memoryLooks  = 5 // a second apart; their median counts
)

// memoryArm is one state of a server, on a fresh one each time.
type memoryArm struct {
	name  string
	args  []string
	kinds []string
	n     int // functions
	live  int // processes that are to be there
	most  float64
}

var memoryArms = []memoryArm{
	{name: "empty"},
	{name: "1,000 functions, evicted", args: []string{"--keep-alive", "300ms"}, kinds: []string{"native", "python:3"}, n: 1000, most: 3},
	{name: "200 live native functions", kinds: []string{"native"}, n: 200, live: 200, most: 5},
}

// memory measures the server's own resident memory, without that of its
// functions' processes.
func memory(r *rig) (out result, err error) {
	rounds := r.roundsOr(3)
	bar := newBar(rounds*len(memoryArms), "memory")
	for range rounds {
		var empty float64
		for i, arm := range memoryArms {
			now, most, err := measureMemory(r, arm)
			if err != nil {
				return out, fmt.Errorf("%s: %w", arm.name, err)
			}
			if i == 0 {
				empty = now
			}
			out.sample(arm.name+": MiB", now)
			out.sample(arm.name+": MiB at most", most)
			out.sample(arm.name+": ratio", now/empty)
			_ = bar.Add(1)
		}
	}
	out.Columns = []string{"server", "resident", "at most meanwhile", "against empty"}
	for _, arm := range memoryArms {
		ratios := out.Samples[arm.name+": ratio"]
		out.row(arm.name, stats.Spread(out.Samples[arm.name+": MiB"], "%.1f")+" MiB", stats.Spread(out.Samples[arm.name+": MiB at most"], "%.1f")+" MiB", stats.Spread(ratios, "%.2f"))
		if arm.n > 0 {
			out.Goals = append(out.Goals, goal{arm.name, fmt.Sprintf("≤ %.0f× empty", arm.most), fmt.Sprintf("%.2f×", stats.Median(ratios)), stats.Median(ratios) <= arm.most})
		}
	}
	return out, nil
}

func measureMemory(r *rig, arm memoryArm) (now, most float64, err error) {
	s, err := r.server(arm.args...)
	if err != nil {
		return 0, 0, err
	}
	defer s.Stop()
	if err := fill(s, arm); err != nil {
		return 0, 0, err
	}
	for end := time.Now().Add(patience); proc.Instances(s.PID()) != arm.live; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			return 0, 0, fmt.Errorf("%d processes are there, not %d", proc.Instances(s.PID()), arm.live)
		}
	}
	time.Sleep(memorySettle)
	var looks []float64
	for range memoryLooks {
		time.Sleep(time.Second)
		kib, err := proc.Status(s.PID(), "VmRSS")
		if err != nil {
			return 0, 0, err
		}
		looks = append(looks, kib/1024)
	}
	if most, err = proc.Status(s.PID(), "VmHWM"); err == nil {
		err = knows(s, arm.n)
	}
	return stats.Median(looks), most / 1024, err
}

// knows checks that the server still has all functions. It runs last: answering
// takes memory too.
func knows(s *service.Service, n int) error {
	resp, err := http.Get(s.URL() + runtimespec.PathFunctions)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var list struct {
		Functions []json.RawMessage `json:"functions"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		return err
	}
	if len(list.Functions) != n {
		return fmt.Errorf("the server knows %d functions, not %d", len(list.Functions), n)
	}
	return nil
}

// fill inits the arm's functions, and runs each once.
func fill(s *service.Service, arm memoryArm) error {
	numbers, failed := make(chan int), make(chan error, memoryCallers)
	var callers sync.WaitGroup
	for range memoryCallers {
		callers.Go(func() {
			c := newConn(s.Address)
			defer c.Close()
			for i := range numbers {
				f := small(arm.kinds[i%len(arm.kinds)], i)
				for _, request := range [][]byte{f.init(), f.run("{}").text} {
					if _, err := c.must(request); err != nil {
						failed <- fmt.Errorf("function %d: %w", i, err)
						return
					}
				}
			}
		})
	}
	err := feed(numbers, arm.n, failed)
	callers.Wait()
	close(failed)
	for e := range failed {
		err = errors.Join(err, e)
	}
	return err
}

// feed hands out the numbers below n until one fails.
func feed(numbers chan<- int, n int, failed <-chan error) error {
	defer close(numbers)
	for i := range n {
		select {
		case numbers <- i:
		case err := <-failed:
			return err
		}
	}
	return nil
}
