package main

import (
	"image/color"
	"runtime"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/stats"
	"github.com/whiskaway/whiskaway/loadbalancer/policy/simulator"
)

// outcome is a case with a policy, one value for each seed.
type outcome struct {
	p50, p99 stats.Rounds // milliseconds
	cold     stats.Rounds // requests that waited for an init, of 1,000
	inits    stats.Rounds // of 1,000 requests
	slow     stats.Rounds // part of the requests that the last server had, in percent
}

// seeds simulates a case once for each seed, several at a time.
func seeds(n int, c simulator.Config) (out outcome, err error) {
	out = outcome{make(stats.Rounds, n), make(stats.Rounds, n), make(stats.Rounds, n), make(stats.Rounds, n), make(stats.Rounds, n)}
	errs := make([]error, n)
	var group sync.WaitGroup
	limit := make(chan struct{}, runtime.GOMAXPROCS(0))
	for seed := range n {
		group.Go(func() {
			limit <- struct{}{}
			errs[seed] = out.one(c, seed)
			<-limit
		})
	}
	group.Wait()
	for _, e := range errs {
		if e != nil {
			err = e
		}
	}
	return out, err
}

func (o *outcome) one(c simulator.Config, seed int) error {
	c.Seed = uint64(seed)
	r, err := simulator.Run(c)
	if err != nil {
		return err
	}
	requests := float64(len(r.Latencies))
	o.p50[seed], o.p99[seed] = milliseconds(r.Quantile(0.5)), milliseconds(r.Quantile(0.99))
	o.cold[seed], o.inits[seed] = 1000*float64(r.Cold)/requests, 1000*float64(r.Inits)/requests
	o.slow[seed] = 100 * float64(r.Shares[len(r.Shares)-1]) / requests
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// policies are those that are compared, in the order of tables.
var policies = []struct {
	name  string
	color color.Color
}{
	{"warm", color.RGBA{0x21, 0x66, 0xac, 0xff}}, {"p2c", color.RGBA{0x9f, 0xd3, 0xa7, 0xff}}, {"peak-ewma", color.RGBA{0x4c, 0x9f, 0x70, 0xff}},
	{"least-loaded", color.RGBA{0xf6, 0xc4, 0x8a, 0xff}}, {"consistent-hash", color.RGBA{0xe0, 0x82, 0x14, 0xff}}, {"random", color.Gray{0xc8}}, {"round-robin", color.Gray{0x90}},
}
