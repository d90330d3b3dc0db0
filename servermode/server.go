package servermode

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
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
	"github.com/whiskaway/whiskaway/servermode/internal/activation"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/host"
	"github.com/whiskaway/whiskaway/servermode/internal/invoke"
	"github.com/whiskaway/whiskaway/servermode/internal/membership"
	"github.com/whiskaway/whiskaway/servermode/internal/metrics"
	"github.com/whiskaway/whiskaway/servermode/internal/openserverless"
	"github.com/whiskaway/whiskaway/servermode/internal/outcome"
	"github.com/whiskaway/whiskaway/servermode/internal/plain"
	"github.com/whiskaway/whiskaway/servermode/internal/zygote"
)

// Server is one server. Start makes its parts, and Stop ends them in reverse order.
type Server struct {
	cfg         Config
	incarnation string // new at each start, so that callers can tell a restart
	log         *zap.Logger

	live      atomic.Pointer[live] // what a reload replaces
	reloading sync.Mutex           // held across a reload

	state      *host.State
	service    *invoke.Service
	metrics    *metrics.Metrics
	tracer     *trace.Tracer // nil: no spans are recorded
	uploads    *semaphore.Weighted
	memory     *host.MemoryGauge
	endpoint   *endpoint.Endpoint
	handler    http.Handler // the server's HTTP face
	listener   *daemon.Listener
	membership *membership.Membership // of balancers

	plain, openServerless dialect // of callers that send none of our headers

	stop     sync.Once
	stopErr  error
	cleanups []func() error

	janitor *host.Janitor
}

// New returns a server that is not started.
func New(cfg Config) *Server {
	cfg = cfg.withDefaults()
	s := &Server{
		cfg:         cfg,
		incarnation: uuid.NewString(),
		log:         cfg.Log.Named("servermode"),
		uploads:     semaphore.NewWeighted(max(cfg.UploadBudget, cfg.MaxInitBody)),
	}
	s.memory = &host.MemoryGauge{Reserve: func() int64 { return s.settings().MemoryReserve }}
	s.live.Store(&live{Config: cfg})
	s.metrics = metrics.New()
	spans := trace.Counters("whiskaway_spans_total", func() (sent, dropped float64) { return s.tracer.Counts() })
	s.service = invoke.New(invoke.Service{
		Table:       function.NewTable(s.tableConfig(s.settings())),
		Activations: activation.New(cfg.Activations, cfg.ResultCache, outcome.Remembered),
		Log:         s.log, VolatileEnv: cfg.VolatileEnv, MaxLog: cfg.MaxLog,
		Settings: func() invoke.Settings { return s.settings().invoke() },
	})
	s.metrics.Registry.MustRegister(append(spans, metrics.Gauges{
		Table: s.service.Table, Activations: s.service.Activations, Forks: func() zygote.Stats { return s.service.Launcher.Parent.Stats() },
		CodeBytes: func() int64 { return s.service.Store.Bytes() },
	})...)
	s.janitor = &host.Janitor{
		Sweep:     func(now time.Time) { s.service.Table.Sweep(now); s.service.Activations.Sweep(now) },
		KeepAlive: func() time.Duration { return s.settings().KeepAlive },
		Fit:       s.fit, OOM: host.NewOOMWatch(host.OOMKills), Log: s.log,
	}
	s.plain = plain.New(s.service, cfg.Environ, cfg.Stdout, cfg.Stderr)
	s.openServerless = openserverless.New(s.service, cfg.Environ)
	return s
}

// Start checks the configuration, prepares what functions need, and serves.
func (s *Server) Start() error {
	err := s.cfg.validate()
	for _, step := range []func() error{s.openSecrets, s.openMembership, s.openState, s.openTraces, s.openStore, s.openLauncher, s.adoptOrphans, s.startJanitor, s.listen, s.joinBalancers} {
		if err == nil {
			err = step()
		}
	}
	if err != nil {
		return errors.Join(err, s.abandon())
	}
	return nil
}

// onStop adds a clean-up. Clean-ups run in reverse order.
func (s *Server) onStop(f func() error) { s.cleanups = append(s.cleanups, f) }

func (s *Server) openStore() (err error) {
	s.service.Store, err = codestore.Open(s.state.Path("code"), s.cfg.CodeCache)
	return err
}

func (s *Server) listen() error {
	s.handler = s.routes()
	s.listener = &daemon.Listener{Listen: s.cfg.Listen, Handler: s.handler, TLS: endpoint.TLS(func() *tls.Certificate { return s.settings().Certificate }), Log: s.log}
	return s.listener.Start()
}

// openMembership reads the files with which balancers are joined.
func (s *Server) openMembership() (err error) {
	s.membership, err = membership.Open(s.cfg.membership(), s.log)
	return err
}

// joinBalancers tells the balancers that the server is here.
func (s *Server) joinBalancers() error {
	scheme := "http"
	if s.settings().Certificate != nil {
		scheme = "https"
	}
	return s.membership.Join(membership.Server{
		Incarnation: s.incarnation, Addr: s.Addr(), Scheme: scheme,
		Serve: func(on net.Listener) *daemon.Listener {
			return &daemon.Listener{On: on, Handler: s.handler, Log: s.log}
		},
	})
}

// Addr returns the address that the server listens on.
func (s *Server) Addr() string { return s.listener.Addr() }

// Stop refuses new work, lets runs finish until ctx ends, kills the runs that are
// left and frees everything. Further calls return what the first one returned.
func (s *Server) Stop(ctx context.Context) error {
	s.stop.Do(func() { s.stopErr = s.drain(ctx) })
	return s.stopErr
}

// buildGrace is how long a build may go on when the server stops. A build that is
// nearly done finishes, and a longer one does not hold up the end.
const buildGrace = 2 * time.Second

func (s *Server) drain(ctx context.Context) error {
	if s.listener == nil {
		return nil // never started
	}
	s.membership.Drain()
	s.service.Launcher.Builder.Drain(buildGrace)
	err := s.service.Table.Drain(ctx) // the listener still answers: "draining"
	s.service.Kill()                  // kills runs that are left, if any
	ended, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err = errors.Join(err, s.service.Table.Drain(ended), s.membership.Leave(ended), s.listener.Stop(ended), s.cleanUp())
	s.tracer.Close(ended)
	return err
}

// abandon undoes a start that failed half-way.
func (s *Server) abandon() error {
	err := s.membership.Leave(context.Background())
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
