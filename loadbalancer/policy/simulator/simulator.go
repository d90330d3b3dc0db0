// Package simulator runs the balancer's policy and state, the very types that serve,
// against servers that exist in numbers only. A run is open-loop (a slow server gets
// no fewer requests) and follows from its seed alone. Its figures are of a model, and
// are to be shown as "simulated".
//
// A server executes as many runs as it has slots, others wait in order of their
// arrival. It holds so many functions; for one more, that used longest ago is evicted.
// Balancers share nothing and learn only from answers. Messages take no time.
package simulator

import (
	"container/heap"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// Config is one simulation.
type Config struct {
	Seed      uint64
	Policy    string // as policy.New knows it
	Options   policy.Options
	Balancers int // requests are dealt to them at random; 0: one
	Servers   []Server
	Functions []Function
	Ready     bool          // every server holds every function from the beginning
	Length    time.Duration // for which requests arrive
	WarmUp    time.Duration // at its beginning, of which nothing is counted
}

// Server is a server of the model.
type Server struct {
	Speed float64 // durations are divided by it
	Slots int
	Holds int  // functions at once; 0: any number
	Lies  bool // it says that it has nothing to do, and slots for everybody
}

// Function is a function of the model. Its requests are a Poisson process, its
// durations lognormal.
type Function struct {
	Rate   float64       // requests per second
	Median time.Duration // at speed 1
	Sigma  float64       // of the logarithm of durations
	Init   time.Duration // at speed 1
}

// Result is what the requests after the warm-up met with.
type Result struct {
	Latencies []time.Duration // from arrival to answer, sorted
	Cold      int             // requests that waited for an init
	Inits     int             // those off the way of requests included
	Shares    []int           // requests by server
}

// Quantile of the latencies, q from 0 to 1.
func (r Result) Quantile(q float64) time.Duration {
	if len(r.Latencies) == 0 {
		return 0
	}
	return r.Latencies[int(q*float64(len(r.Latencies)-1))]
}

// Mean of a function's durations at speed 1.
func (f Function) Mean() time.Duration {
	return time.Duration(float64(f.Median) * math.Exp(f.Sigma*f.Sigma/2))
}

// simulation is one in progress.
type simulation struct {
	Config
	rng       *rand.Rand
	now       time.Duration
	turn      int
	events    events
	hosts     []*host
	balancers []*balancer
	result    Result
}

// valid says what cannot be simulated.
func (c Config) valid() error {
	if len(c.Servers) == 0 {
		return errors.New("no servers to simulate")
	}
	for i, s := range c.Servers {
		if s.Speed <= 0 || s.Slots <= 0 {
			return fmt.Errorf("server %d needs a speed and slots", i)
		}
	}
	for i, f := range c.Functions {
		if f.Rate <= 0 {
			return fmt.Errorf("function %d needs a rate", i)
		}
	}
	return nil
}

// Run simulates. Its error says what of the configuration makes no sense.
func Run(c Config) (Result, error) {
	if err := c.valid(); err != nil {
		return Result{}, err
	}
	s := &simulation{Config: c, rng: rand.New(rand.NewPCG(c.Seed, 1))}
	s.result.Shares = make([]int, len(c.Servers))
	for _, server := range c.Servers {
		s.hosts = append(s.hosts, &host{Server: server, s: s, number: len(s.hosts), functions: map[int]*held{}})
	}
	for range max(1, c.Balancers) {
		b, err := s.newBalancer()
		if err != nil {
			return Result{}, err
		}
		s.balancers = append(s.balancers, b)
	}
	if c.Ready {
		s.everythingReady()
	}
	for f := range c.Functions {
		s.arrive(f)
	}
	for len(s.events) > 0 {
		e := heap.Pop(&s.events).(event)
		s.now = e.at
		e.do()
	}
	slices.Sort(s.result.Latencies)
	return s.result, nil
}

// after orders something.
func (s *simulation) after(d time.Duration, do func()) {
	s.turn++
	heap.Push(&s.events, event{at: s.now + d, turn: s.turn, do: do})
}

// arrive orders a function's next request, which orders the one after it.
func (s *simulation) arrive(f int) {
	gap := time.Duration(s.rng.ExpFloat64() / s.Functions[f].Rate * float64(time.Second))
	if s.now+gap > s.Length {
		return
	}
	s.after(gap, func() {
		s.arrive(f)
		s.balancers[s.rng.IntN(len(s.balancers))].send(f)
	})
}

// duration is how long a run of a function takes at speed 1.
func (s *simulation) duration(f int) time.Duration {
	fn := s.Functions[f]
	return time.Duration(float64(fn.Median) * math.Exp(fn.Sigma*s.rng.NormFloat64()))
}
