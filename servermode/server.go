// Package servermode is the daemon on an external host: it holds many
// functions, keeps their processes warm, runs them, and frees each one when
// nobody needs it any more.
package servermode

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
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
	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
	"github.com/whiskaway/whiskaway/servermode/internal/zygote"
)

// Server is one server. Its parts are made in Start and ended in Stop, in
// reverse order.
type Server struct {
	cfg         Config
	incarnation string // new at each start, so that callers can tell a restart
	log         *zap.Logger

	live      atomic.Pointer[live] // what a reload replaces
	reloading sync.Mutex           // held across a reload

	state       *stateDir
	box         *sandbox.Sandbox
	needs       []string       // of functions, in folders that are hidden from them
	removals    sync.WaitGroup // of what ended processes leave
	shop        *build.Shop
	kinds       kind.Set
	configured  []kind.Stands  // of them, those that the owner named
	parent      *zygote.Parent // of Python functions; nil: they are executed
	store       *codestore.Store
	table       *function.Table
	metrics     *metrics
	tracer      *trace.Tracer // nil: no spans are recorded
	activations *activations
	uploads     *semaphore.Weighted
	memory      *memoryGauge
	oom         *oomWatch
	failures    *runLog
	endpoint    *endpoint.Endpoint
	handler     http.Handler // the server's HTTP face
	listener    *daemon.Listener
	joined      []*joining // of balancers
	joinTrust   *tls.Config

	plain, openServerless dialect // of callers that send none of our headers

	base context.Context // ends when runs are to be killed
	end  context.CancelCauseFunc

	stop     sync.Once
	stopErr  error
	cleanups []func() error

	janitor sync.WaitGroup
	sweep   func(now time.Time) // the table's
	health  health
}

// New returns a server that is not started.
func New(cfg Config) *Server {
	cfg = cfg.withDefaults()
	s := &Server{
		cfg:         cfg,
		incarnation: uuid.NewString(),
		log:         cfg.Log.Named("servermode"),
		activations: newActivations(cfg.Activations, cfg.ResultCache),
		uploads:     semaphore.NewWeighted(max(cfg.UploadBudget, cfg.MaxInitBody)),
	}
	s.memory = &memoryGauge{reserve: func() int64 { return s.settings().MemoryReserve }}
	s.oom, s.failures = &oomWatch{count: oomKills}, &runLog{recent: map[function.Key]*failures{}}
	s.live.Store(&live{Config: cfg})
	s.metrics = newMetrics()
	spans := trace.Counters("whiskaway_spans_total", func() (sent, dropped float64) { return s.tracer.Counts() })
	s.metrics.registry.MustRegister(append(spans, gauges{s})...)
	s.table = function.NewTable(s.tableConfig(s.settings()))
	s.sweep = func(now time.Time) { s.table.Sweep(now); s.activations.sweep(now) }
	s.base, s.end = context.WithCancelCause(context.Background())
	s.plain, s.openServerless = newPlain(s), newOpenServerless(s)
	return s
}

// Start checks the configuration, makes ready what functions need and serves.
func (s *Server) Start() error {
	err := s.cfg.validate()
	for _, step := range []func() error{s.openSecrets, s.openJoin, s.openState, s.openTraces, s.openSandbox, s.openKinds, s.findNeeds, s.adoptOrphans, s.openStore, s.sweepIdle, s.listen, s.joinBalancers} {
		if err == nil {
			err = step()
		}
	}
	if err != nil {
		return errors.Join(err, s.abandon())
	}
	return nil
}

// onStop adds a clean-up; they run in reverse order.
func (s *Server) onStop(f func() error) { s.cleanups = append(s.cleanups, f) }

func (s *Server) openStore() (err error) {
	s.store, err = codestore.Open(s.state.path("code"), s.cfg.CodeCache)
	return err
}

func (s *Server) listen() error {
	s.handler = s.routes()
	s.listener = &daemon.Listener{Listen: s.cfg.Listen, Handler: s.handler, TLS: endpoint.TLS(func() *tls.Certificate { return s.settings().Certificate }), Log: s.log}
	return s.listener.Start()
}

// Addr is the address served on.
func (s *Server) Addr() string { return s.listener.Addr() }

// Stop refuses new work, lets runs finish until ctx ends, kills what is left
// and frees everything. Further calls return what the first one did.
func (s *Server) Stop(ctx context.Context) error {
	s.stop.Do(func() { s.stopErr = s.drain(ctx) })
	return s.stopErr
}

// buildGrace is how long a build may go on when the server is told to end: one that
// is nearly done is done, and any other would only hold up the end.
const buildGrace = 2 * time.Second

func (s *Server) drain(ctx context.Context) error {
	if s.listener == nil {
		return nil // never started
	}
	for _, j := range s.joined {
		j.drain()
	}
	s.shop.Drain(buildGrace)
	err := s.table.Drain(ctx) // the listener still answers: "draining"
	s.end(errShutdown)        // kills runs that are left, if any
	ended, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err = errors.Join(err, s.table.Drain(ended), s.stopJoining(ended), s.listener.Stop(ended), s.cleanUp())
	s.tracer.Close(ended)
	return err
}

// abandon undoes a start that failed half-way.
func (s *Server) abandon() error {
	err := s.stopJoining(context.Background())
	if s.listener != nil {
		err = errors.Join(err, s.listener.Stop(context.Background()))
		s.listener = nil
	}
	s.tracer.Close(context.Background())
	return errors.Join(err, s.cleanUp())
}

func (s *Server) cleanUp() error {
	var errs []error
	for i := len(s.cleanups) - 1; i >= 0; i-- {
		errs = append(errs, s.cleanups[i]())
	}
	s.cleanups = nil
	return errors.Join(errs...)
}
