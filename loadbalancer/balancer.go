// Package loadbalancer spreads runs over servers. It speaks the contract on both
// sides, so that neither a client nor a server can tell that it is there: runs and
// answers pass through as they are, and what it knows of functions and servers is a
// cache, made of what passes.
//
// This is its HTTP face, its configuration and its start and end. What it believes is
// in internal/state, a server's connections and checks are in internal/backend, a run
// goes through internal/dispatch and an init through internal/initload.
package loadbalancer

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/internal/tunnel"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/admission"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/autoscale"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/backend"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/dispatch"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/initload"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/metrics"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/statedir"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/tasks"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// Balancer is one load balancer. It is made ready in Start and ended in Stop.
type Balancer struct {
	cfg Config
	id  string // its incarnation, new at each start
	log *zap.Logger

	live      atomic.Pointer[live] // what a reload replaces
	reloading sync.Mutex           // held across a reload

	dir       *statedir.Dir
	metrics   *metrics.Metrics
	failures  failures
	tracer    *trace.Tracer // nil: no spans are recorded
	requests  admission.Requests
	memory    *admission.Memory // of requests' bodies
	saturated atomic.Uint64     // inits and runs that found no room, here or at any server
	endpoint  *endpoint.Endpoint
	listener  *daemon.Listener
	joined    *discovery.Joined // servers that say themselves that they are there
	hub       tunnel.Hub        // connections that servers have made

	state    *state.State
	work     *tasks.Group
	backends *backend.Fleet
	loader   *initload.Loader
	runs     *dispatch.Dispatcher
	hosts    *autoscale.Keeper // nil: there is no hook
	changes  chan state.HealthChanged

	stop    sync.Once
	stopErr error
}

// New returns a balancer that is not started.
func New(cfg Config) *Balancer {
	cfg = cfg.withDefaults()
	b := &Balancer{
		cfg: cfg, id: uuid.NewString(), log: cfg.Log.Named("loadbalancer"), memory: admission.NewMemory(), work: tasks.New(),
		changes: make(chan state.HealthChanged, 1024), joined: discovery.NewJoined(0),
	}
	b.live.Store(&live{Config: cfg})
	b.requests.Max.Store(int64(cfg.InFlight))
	b.state = state.New(state.Options{
		Fleet: policy.Options{Stale: 2 * cfg.CheckEvery}, Incarnation: b.id,
		Rand:    rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
		Prepare: func(i *state.Init, cause any) { b.loader.Prepare(i, cause) },
	}, cfg.believed(nil))
	b.metrics = metrics.New(metrics.Sources{
		Servers: func() []state.View { return b.state.View(time.Now()) }, Counts: b.state.Counts, InFlight: b.requests.InFlight, Saturated: b.saturated.Load,
		Totals:   func() autoscale.Totals { return b.signals().Totals() },
		Policy:   func() string { return b.settings().Policy },
		DiskFull: func() bool { return b.dir.IsFull() },
		Spans:    func() (sent, dropped float64) { return b.tracer.Counts() },
	})
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
		b.tracer.Close(b.work)
		return errors.Join(err, b.cleanUp())
	}
	return nil
}

func (b *Balancer) openState() (err error) {
	b.dir, err = statedir.Open(b.cfg.StateDir, b.cfg.CodeCache, b.log)
	return err
}

func (b *Balancer) openTraces() (err error) {
	b.tracer, err = trace.Open("whiskaway-loadbalancer", b.id, b.log)
	return err
}

// openFleet begins to know servers.
func (b *Balancer) openFleet() error {
	chosen, err := b.cfg.newPolicy()
	if err != nil {
		return err
	}
	b.state.Configure(b.cfg.believed(chosen))
	b.backends = backend.New(backend.Config{
		State: b.state, CarryOut: b.carryOut, Incarnation: b.id, Lease: b.dir.Lease, Hub: &b.hub, Work: b.work, Log: b.log,
		Settings: func() backend.Settings { return b.settings().backend() },
	})
	b.loader = initload.New(initload.Config{
		Fleet: b.backends, Store: b.dir.Code, Tracer: b.tracer, Done: b.metrics.InitDone,
		InitTimeout: func() time.Duration { return b.settings().InitTimeout },
	})
	b.runs = dispatch.New(dispatch.Config{
		Fleet: b.backends, Metrics: b.metrics, Refused: func(err error) { _ = b.countSaturated(err) },
		Queues: func() bool { return b.settings().Queue >= 0 }, Policy: func() string { return b.settings().Policy },
	})
	source, err := b.cfg.source(b.joined)
	if err != nil {
		return err
	}
	b.backends.Follow(source)
	b.backends.CheckedOnce()
	b.work.Go(b.sweep)
	b.work.Go(b.followChanges)
	b.startHosts()
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
// Functions stay at the servers: the next balancer finds them there. Further calls
// return what the first one did.
func (b *Balancer) Stop(ctx context.Context) error {
	b.stop.Do(func() { b.stopErr = b.drain(ctx) })
	return b.stopErr
}

func (b *Balancer) drain(ctx context.Context) error {
	if b.listener == nil {
		return nil // never started
	}
	if b.hosts != nil {
		b.hosts.Stop()
	}
	err := b.requests.Drain(ctx) // the listener still answers: "draining"
	ending, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	err = errors.Join(err, b.listener.Stop(ending))
	if b.hosts != nil {
		b.hosts.Wait(ctx)
	}
	err = errors.Join(err, b.cleanUp())
	b.tracer.Close(ctx)
	return err
}

func (b *Balancer) cleanUp() error {
	b.state.Close()
	b.hub.Close()
	b.work.Close()
	if b.backends != nil {
		b.backends.CloseIdle()
	}
	if b.dir != nil {
		return b.dir.Close()
	}
	return nil
}
