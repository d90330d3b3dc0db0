package simulator

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// balancer is a real one's state, whose effects are carried out in the model.
type balancer struct {
	s       *simulation
	state   *state.State
	servers []*state.Server
}

// forever is longer than any simulation.
const forever = 1000 * time.Hour

// start is an init under way: what goes on when it is done.
type start struct{ then []func() }

func (s *simulation) newBalancer() (*balancer, error) {
	p, err := policy.New(s.Policy)
	if err != nil {
		return nil, err
	}
	b := &balancer{s: s, state: state.New(state.Options{
		Fleet: s.Options, Rand: rand.New(rand.NewPCG(s.Seed, uint64(2+len(s.balancers)))),
		Prepare: func(i *state.Init, _ any) { i.Job = &start{} },
	}, state.Settings{Policy: p, Lease: forever, InitTimeout: forever, Functions: len(s.Functions)})}
	members := make([]state.Member, len(s.hosts))
	for i, h := range s.hosts {
		members[i] = state.Member{Name: fmt.Sprintf("server-%d", i), Peer: h}
	}
	b.carryOut(b.state.ServersListed(members, s.clock()))
	for i, m := range members {
		b.servers = append(b.servers, m.Server)
		load := s.hosts[i].load()
		b.state.Identified(m.Server, m.Name, 1, nil, s.clock(), s.clock())
		b.carryOut(b.state.Checked(m.Server, state.Readiness{Ready: true, Changes: 1, Load: &load}, s.clock()))
	}
	for f := range s.Functions {
		if _, err := b.state.InitArrived(key(f), lease, &state.Recipe{Whole: true}, s.clock()); err != nil {
			return nil, err
		}
	}
	return b, nil
}

const lease = "the model's"

// key names a function of the model.
func key(f int) state.Key {
	var identity runtimespec.Identity
	binary.BigEndian.PutUint64(identity[:], uint64(f))
	return state.Key{Identity: identity}
}

// everythingReady begins with every function on every server.
func (s *simulation) everythingReady() {
	all := state.Inventory{}
	for f := range s.Functions {
		all[key(f)] = state.Held{}
	}
	for i, h := range s.hosts {
		for f := range s.Functions {
			h.functions[f] = &held{ready: true}
		}
		for _, b := range s.balancers {
			b.state.InventoryRead(b.servers[i], b.servers[i].Name, 1, all, s.clock(), s.clock())
		}
	}
}

// clock is the simulated time as the state wants it.
func (s *simulation) clock() time.Time { return time.Unix(0, 0).Add(s.now) }

// request is a run of the model.
type request struct {
	state.Run
	function int
	from     time.Duration
	counts   bool // it arrived after the warm-up
	cold     bool // it waits for an init
}

// send does with a request what the state says.
func (b *balancer) send(f int) {
	now := b.s.clock()
	b.carryOut(b.state.Sweep(now))
	r := &request{Run: state.Run{Key: key(f), Cause: b}, function: f, from: b.s.now, counts: b.s.now >= b.s.WarmUp}
	if _, err := b.state.RunArrived(&r.Run, lease, now); err != nil {
		panic(err) // all functions of the model are known
	}
	b.pick(r)
}

// pick finds a server for a request, and has it wait for an init there if it takes
// one.
func (b *balancer) pick(r *request) {
	fx, err := b.state.Pick(&r.Run, b.s.clock())
	if err != nil {
		panic(err) // servers of the model never refuse for want of room
	}
	var init *start
	if r.Init != nil {
		r.cold, init = true, r.Init.Job.(*start)
		init.then = append(init.then, func() { b.arrive(r) })
	}
	if b.carryOut(fx); init == nil {
		b.arrive(r)
	}
}

// arrive is a request at its server, which may have evicted the function meanwhile.
func (b *balancer) arrive(r *request) {
	h, from := r.Server.Peer.(*host), b.s.now
	if !h.has(r.function) {
		b.carryOut(b.state.Refused(&r.Run, runtimespec.UnknownFunction, 0, nil, b.s.clock()))
		b.pick(r)
		return
	}
	if r.counts {
		b.s.result.Shares[h.number]++
		if r.cold {
			b.s.result.Cold++
		}
	}
	h.enter(&run{function: r.function, length: h.scaled(b.s.duration(r.function)), done: func() {
		load := h.load()
		b.carryOut(b.state.Answered(&r.Run, policy.Answer{Took: b.s.now - from}, &load, b.s.clock()))
		if r.counts {
			b.s.result.Latencies = append(b.s.result.Latencies, b.s.now-r.from)
		}
	}})
}

// carryOut does what an event asks for. Inits are all that there is to do in the
// model: its servers never leave, and nothing is ever queued.
func (b *balancer) carryOut(effects []state.Effect) {
	for _, e := range effects {
		if start, ok := e.(state.StartInit); ok {
			b.init(start.Init)
		}
	}
}

// init has a function initialised at a server.
func (b *balancer) init(i *state.Init) {
	h := i.Server.Peer.(*host)
	h.have(int(binary.BigEndian.Uint64(i.Function.Key.Identity[:])), func() {
		_, fx := b.state.InitDone(i, true, false, b.s.clock())
		b.carryOut(fx)
		for _, next := range i.Job.(*start).then {
			next()
		}
	})
}
