package main

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/load"
	"github.com/whiskaway/whiskaway/bench/internal/service"
	"github.com/whiskaway/whiskaway/bench/internal/stats"
)

const (
	coldFunctions = 60                     // the i-th is called 1/i as often as the first
	coldProcesses = 24                     // that a server has room for
	coldInit      = 300 * time.Millisecond // until a process is ready
	coldLoad      = 0.5                    // of what the servers can do together, with everything warm
	coldWarmup    = 10 * time.Second
	coldTime      = 30 * time.Second
)

// cold has more functions than the servers have room for, with the default
// policy and with bounded-load hashing. It measures how often a process is
// started, and the tail.
func cold(r *rig) (out result, err error) {
	c := &byPolicy{figure: "cold", special: "starts of 1,000 runs", policies: []string{"warm", "consistent-hash"}, measure: coldOnce}
	if err := c.run(r, r.roundsOr(3), &out); err != nil {
		return out, err
	}
	out.Columns = []string{"policy", "p50, ms", "p99, ms", "processes started, of 1,000 runs"}
	var failed, answered int64
	for _, policy := range c.policies {
		out.row(policy, stats.Spread(c.p50s[policy], "%.1f"), stats.Spread(c.p99s[policy], "%.0f"), stats.Spread(c.specials[policy], "%.1f"))
		failed, answered = failed+c.failed[policy], answered+c.answered[policy]
	}
	out.Goals = append(out.Goals,
		atMost("cold starts of warm against bounded-load hashing's", c.specials, "warm", "consistent-hash", 1),
		atMost("p99 of warm against bounded-load hashing's", c.p99s, "warm", "consistent-hash", 1),
		goal{"failed runs", "0", fmt.Sprintf("%d of %d", failed, answered+failed), failed == 0})
	return out, nil
}

func coldOnce(r *rig, policy string, seed uint64) (one once, err error) {
	servers, err := r.start(append([]string{fast}, three...), append([]string{"--processes", fmt.Sprint(coldProcesses)}, crowdArgs...)...)
	if err != nil {
		return one, err
	}
	f, err := r.fleet(servers, "--policy", policy)
	if err != nil {
		return one, err
	}
	defer f.stop()
	work, err := r.zipf(f.balancer.Address, seed)
	if err != nil {
		return one, err
	}
	target, err := load.NewTarget(f.balancer.URL(), slowInFlight)
	if err != nil {
		return one, err
	}
	defer target.Close()
	target.Raw, target.Concurrency = true, slowInFlight
	rate := coldLoad * float64(len(servers)*slowSlots) / slowMean.Seconds()
	go func() { time.Sleep(coldWarmup); work.mark(servers) }()
	one.Result = load.Open(context.Background(), []*load.Target{target}, work, load.Poisson(rate, seed), load.Plan{
		Warmup: coldWarmup, For: r.phaseOr(coldTime), InFlight: slowInFlight, Limit: answerLimit,
	})
	before := work.marked()
	after, err := started(servers)
	if one.Failed > 0 && err == nil {
		err = fmt.Errorf("%d runs failed: %v", one.Failed, one.Errors)
	}
	one.special = 1000 * (after - before) / float64(one.Answered) // processes started after the warm-up
	return one, err
}

// zipf is work over many functions, few of which get most runs.
type zipf struct {
	functions []request
	upTo      []float64 // sums of the functions' parts

	mu     sync.Mutex // guards what follows
	random *rand.Rand
	before float64
}

// zipf initialises the functions at a balancer.
func (r *rig) zipf(address string, seed uint64) (*zipf, error) {
	w := &zipf{random: rand.New(rand.NewPCG(seed, 2))}
	conn := newConn(address)
	defer conn.Close()
	sum := 0.0
	for i := range coldFunctions {
		f := r.action(map[string]string{"BENCH_INIT": coldInit.String(), "BENCH_FUNCTION": fmt.Sprint(i)})
		if _, err := conn.must(f.init()); err != nil {
			return nil, err
		}
		w.functions = append(w.functions, f.run(`{"sleep":`+sleepField+`}`))
		sum += 1 / float64(i+1)
		w.upTo = append(w.upTo, sum)
	}
	return w, nil
}

// sleepField is a number that is written over in each run.
const sleepField = "0000000.000"

func (w *zipf) Next(_ []byte, _ int) []byte {
	w.mu.Lock()
	which := w.random.Float64() * w.upTo[len(w.upTo)-1]
	sleep := stats.Milliseconds(slowMean) * math.Exp(w.random.NormFloat64()-0.5)
	w.mu.Unlock()
	i := 0
	for w.upTo[i] < which {
		i++
	}
	text := w.functions[i].own().as(newID())
	at := strings.LastIndex(string(text), sleepField)
	copy(text[at:], fmt.Sprintf("%11.3f", min(sleep, 9_999_999))) // JSON takes blanks
	return text
}

func (w *zipf) Check(_ []byte, got *load.Answer) error {
	a, err := newAnswer(got)
	if err == nil {
		err = a.good()
	}
	return err
}

// mark notes how many processes were started by now.
func (w *zipf) mark(servers []*service.Service) {
	n, err := started(servers)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.before = n; err != nil {
		w.before = math.NaN()
	}
}

func (w *zipf) marked() float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.before
}

// started returns how many processes servers have started.
func started(servers []*service.Service) (sum float64, err error) {
	for _, s := range servers {
		resp, err := http.Get(s.URL() + "/metrics")
		if err != nil {
			return 0, err
		}
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "whiskaway_init_seconds_count") {
				fields := strings.Fields(lines.Text())
				n, err := strconv.ParseFloat(fields[len(fields)-1], 64)
				if err != nil {
					return 0, err
				}
				sum += n
			}
		}
		_ = resp.Body.Close()
	}
	return sum, nil
}
