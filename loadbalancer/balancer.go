// Package loadbalancer spreads runs over servers. It speaks the contract on both
// sides, so that neither a client nor a server can tell that it is there: runs
// and answers pass through as they are, and what it knows of functions and
// servers is a cache, made of what passes.
package loadbalancer

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"

	"github.com/whiskaway/whiskaway/internal/codestore"
	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/internal/tunnel"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// Balancer is one load balancer. It is made ready in Start and ended in Stop.
type Balancer struct {
	cfg   Config
	id    string // its incarnation, new at each start
	lease string // the one that it holds at servers, the same after a restart
	log   *zap.Logger

	live      atomic.Pointer[live] // what a reload replaces
	reloading sync.Mutex           // held across a reload

	lock      *os.File
	store     *codestore.Store
	metrics   *metrics
	failures  failures
	disk      disk
	endpoint  *endpoint.Endpoint
	tracer    *trace.Tracer       // nil: no spans are recorded
	memory    *memory             // of requests' bodies
	loads     *semaphore.Weighted // inits that no caller waits for
	admission admission
	noRoom    atomic.Uint64 // inits and runs that found none, here or at any server
	listener  *daemon.Listener
	joined    *discovery.Joined // servers that say themselves that they are there
	hub       tunnel.Hub        // connections that servers have made
	following *following        // guarded by reloading, once started
	keeping   *keeping          // nil: hosts are nobody's business here

	base    context.Context // ends with the balancer
	end     context.CancelFunc
	work    sync.WaitGroup // all goroutines that are no request's
	changes chan change
	stop    sync.Once
	stopErr error

	mu        sync.Mutex // guards what follows, never held across I/O
	fleet     *policy.Fleet
	policy    policy.Policy
	rng       *rand.Rand
	backends  map[*policy.Server]*backend
	routes    map[string]*backend // by the incarnation of who executes there
	functions map[key]*function
	loading   map[key]*function // those that nobody needs any more, with inits in flight
	flights   map[flightKey]*flight
	line      line            // runs that found no server
	trusted   map[string]bool // servers by name that were well before a reload made them members anew
	drained   map[string]bool // servers by name, members or not, that somebody has drained here
	leaving   map[string]bool // members by name that are to go, for want of work; true: the hook ends it
}

// New returns a balancer that is not started.
func New(cfg Config) *Balancer {
	cfg = cfg.withDefaults()
	b := &Balancer{
		cfg: cfg, id: uuid.NewString(), log: cfg.Log.Named("loadbalancer"),
		memory: newMemory(), loads: semaphore.NewWeighted(backgroundLoads),
		changes:  make(chan change, 1024),
		rng:      rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
		backends: map[*policy.Server]*backend{}, routes: map[string]*backend{},
		functions: map[key]*function{}, loading: map[key]*function{}, flights: map[flightKey]*flight{}, drained: map[string]bool{}, leaving: map[string]bool{},
		joined: discovery.NewJoined(0),
	}
	b.live.Store(&live{Config: cfg})
	b.admission.max.Store(int64(cfg.InFlight))
	b.line.Limit(cfg.queueLimits())
	b.fleet = policy.NewFleet(policy.Options{Changed: b.changed, Stale: 2 * cfg.CheckEvery})
	b.metrics = newMetrics(b)
	b.base, b.end = context.WithCancel(context.Background())
	return b
}

// Start checks the configuration and serves. Servers need not be there yet.
func (b *Balancer) Start() error {
	err := b.cfg.validate()
	for _, step := range []func() error{b.openSecrets, b.openState, b.openTraces, b.openFleet, b.listen} {
		if err == nil {
			err = step()
		}
	}
	if err != nil {
		b.tracer.Close(b.base)
		return errors.Join(err, b.cleanUp())
	}
	return nil
}

func (b *Balancer) openFleet() error {
	if err := b.applyPolicy(b.cfg); err != nil {
		return err
	}
	if err := b.follow(b.settings()); err != nil {
		return err
	}
	b.meetFirst()
	b.work.Go(b.janitor)
	b.work.Go(b.followChanges)
	b.keepHosts()
	return nil
}

func (b *Balancer) applyPolicy(cfg Config) error {
	chosen, err := cfg.newPolicy()
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.policy = chosen
	b.mu.Unlock()
	return nil
}

func (b *Balancer) listen() error {
	b.listener = &daemon.Listener{Listen: b.cfg.Listen, Handler: b.handler(), TLS: endpoint.TLS(func() *tls.Certificate { return b.settings().Certificate }), Log: b.log}
	if err := b.listener.Start(); err != nil {
		b.listener = nil
		return err
	}
	return nil
}

// Addr is the address served on.
func (b *Balancer) Addr() string { return b.listener.Addr() }

// Stop refuses new work, lets requests in flight finish until ctx ends, and ends.
// Functions stay at the servers: the next balancer finds them there. Further
// calls return what the first one did.
func (b *Balancer) Stop(ctx context.Context) error {
	b.stop.Do(func() { b.stopErr = b.drain(ctx) })
	return b.stopErr
}

func (b *Balancer) drain(ctx context.Context) error {
	if b.listener == nil {
		return nil // never started
	}
	keeper := b.stopKeeping()
	err := b.admission.drain(ctx) // the listener still answers: "draining"
	ending, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	err = errors.Join(err, b.listener.Stop(ending))
	keeper(ctx)
	err = errors.Join(err, b.cleanUp())
	b.tracer.Close(ctx)
	return err
}

func (b *Balancer) cleanUp() error {
	b.mu.Lock() // whoever holds it and sees no end yet may begin some more work
	b.end()
	b.mu.Unlock()
	b.hub.Close()
	b.work.Wait()
	b.mu.Lock()
	for _, s := range b.backends {
		s.pool.CloseIdle()
		s.probe.CloseIdle()
	}
	b.mu.Unlock()
	if b.lock != nil {
		return b.lock.Close()
	}
	return nil
}
