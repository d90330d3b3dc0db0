package simulator

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// balancer drives the policy as a real one does.
type balancer struct {
	s         *simulation
	fleet     *policy.Fleet
	policy    policy.Policy
	rng       *rand.Rand
	servers   []*policy.Server
	functions []*policy.Function
	hosts     map[*policy.Server]*host
}

func (s *simulation) newBalancer() (*balancer, error) {
	p, err := policy.New(s.Policy)
	if err != nil {
		return nil, err
	}
	b := &balancer{s: s, fleet: policy.NewFleet(s.Options), policy: p, hosts: map[*policy.Server]*host{},
		rng: rand.New(rand.NewPCG(s.Seed, uint64(2+len(s.balancers))))}
	for i, h := range s.hosts {
		server := b.fleet.Add(fmt.Sprintf("server-%d", i), s.clock())
		b.servers = append(b.servers, server)
		b.hosts[server] = h
		b.fleet.Report(server, h.load(), s.clock())
	}
	for f := range s.Functions {
		b.functions = append(b.functions, policy.NewFunction(fmt.Sprintf("function-%d", f)))
	}
	return b, nil
}

// everythingReady begins with every function on every server.
func (s *simulation) everythingReady() {
	for f := range s.Functions {
		for i, h := range s.hosts {
			h.functions[f] = &held{ready: true}
			for _, b := range s.balancers {
				b.fleet.Ready(b.functions[f], b.servers[i], s.clock())
			}
		}
	}
}

// clock is the simulated time as the policy wants it.
func (s *simulation) clock() time.Time { return time.Unix(0, 0).Add(s.now) }

// send does with a request what the policy says.
func (b *balancer) send(f int) {
	b.fleet.Sweep(b.s.clock())
	fn := b.functions[f]
	c := b.fleet.Pick(b.policy, policy.Request{Function: fn}, b.s.clock(), b.rng)
	if more := b.fleet.ScaleOut(fn, c, b.s.clock()); more != nil {
		b.hosts[more].have(f, func() { b.fleet.Ready(fn, more, b.s.clock()) })
	}
	b.run(f, c.Server, b.s.now >= b.s.WarmUp)
}

// run is one request at a server, with an init before it if it takes one.
func (b *balancer) run(f int, server *policy.Server, counts bool) {
	fn, h, from := b.functions[f], b.hosts[server], b.s.now
	sent := b.fleet.Sent(fn, server, b.s.clock())
	length := h.scaled(b.s.duration(f))
	cold := h.have(f, func() {
		b.fleet.Ready(fn, server, b.s.clock())
		ready := b.s.now
		h.enter(&run{function: f, length: length, done: func() {
			b.fleet.Done(sent, policy.Answer{Took: b.s.now - ready}, b.s.clock())
			b.fleet.Report(server, h.load(), b.s.clock())
			if counts {
				b.s.result.Latencies = append(b.s.result.Latencies, b.s.now-from)
			}
		}})
	})
	if cold && fn.On(server) == policy.Ready {
		b.fleet.Absent(fn, server, b.s.clock()) // it was evicted
	}
	if cold {
		b.fleet.Loading(fn, server, b.s.clock())
	}
	if counts {
		b.s.result.Shares[h.number]++
		if cold {
			b.s.result.Cold++
		}
	}
}
