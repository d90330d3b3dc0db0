// Package clientmode is the container that an OpenWhisk invoker deploys. To the
// invoker it is the runtime; it forwards the work to a server elsewhere and
// executes nothing. It holds the truth about its function: servers may forget
// it at any time and are told again.
package clientmode

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/clientmode/internal/spans"
	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/sentinel"
	"github.com/whiskaway/whiskaway/internal/settings"
	"github.com/whiskaway/whiskaway/internal/web"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Client is one client container.
type Client struct {
	cfg        Config
	log        *zap.Logger
	lease      string // who still needs the function: this container
	concurrent bool
	allow      *allowList
	dial       func(target string, guard guard, trusted bool) (Upstream, error)
	fixed      Upstream  // the operator's, nil when only main@url says where
	translate  translate // into the server's dialect; nil: it speaks ours
	streams    *sentinel.Streams
	listener   *daemon.Listener
	tracer     *spans.Tracer // nil: no spans are recorded

	mu       sync.Mutex       // guards what follows
	function *function        // nil until initialised
	starting *starting        // an init in flight
	running  map[string]*work // runs in flight that have an activation id, by it
	inFlight int
	stopped  bool

	stop    sync.Once
	stopErr error
}

// New returns a client that is not started. Nothing is allocated for a function
// before /init: prewarmed containers wait for long.
func New(cfg Config) *Client {
	cfg = cfg.withDefaults()
	return &Client{
		cfg:        cfg,
		log:        cfg.Log.Named("clientmode"),
		lease:      uuid.NewString(),
		concurrent: cfg.concurrent(),
		streams:    sentinel.New(cfg.Stdout, cfg.Stderr),
		running:    map[string]*work{},
	}
}

// Start checks the configuration and serves.
func (c *Client) Start() error {
	if err := settings.Check(&c.cfg); err != nil {
		return err
	}
	secret, err := c.cfg.token()
	if err != nil {
		return err
	}
	secure, err := c.cfg.tls()
	if err != nil {
		return err
	}
	if c.allow, err = parseAllowList(c.cfg.UpstreamAllow); err != nil {
		return fmt.Errorf("%w: %w", daemon.ErrConfig, err)
	}
	if c.translate, err = c.dialect(); err != nil {
		return err
	}
	c.dial = func(target string, guard guard, trusted bool) (Upstream, error) {
		secret := secret
		if !trusted {
			secret = "" // whoever listens there could collect it
		}
		return newUpstream(target, secret, secure, guard)
	}
	if c.cfg.Upstream != "" {
		if c.fixed, err = c.dial(c.cfg.Upstream, nil, true); err != nil {
			return fmt.Errorf("%w: --upstream (WHISKAWAY_UPSTREAM): %w", daemon.ErrConfig, err)
		}
	}
	c.openTraces()
	c.listener = &daemon.Listener{Listen: c.cfg.Listen, Handler: c.routes(), Log: c.log}
	return c.listener.Start()
}

func (c *Client) routes() http.Handler {
	e := web.New(c.log)
	e.GET(runtimespec.PathHealth, web.Health)
	e.GET(runtimespec.PathReady, web.Health)
	e.POST(runtimespec.PathInit, handler(c.init))
	e.POST(runtimespec.PathRun, handler(c.run))
	return e
}

func handler(h http.HandlerFunc) echo.HandlerFunc {
	return func(e echo.Context) error { h(e.Response().Writer, e.Request()); return nil }
}

// Addr is the address served on.
func (c *Client) Addr() string { return c.listener.Addr() }

// Stop lets runs finish until ctx ends, then tells the server that this
// container does not need the function any more.
func (c *Client) Stop(ctx context.Context) error {
	c.stop.Do(func() { c.stopErr = c.shutDown(ctx) })
	return c.stopErr
}

// settle waits for runs that were cut off to tell the server so.
func (c *Client) settle(patience time.Duration) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		c.mu.Lock()
		left := c.inFlight
		c.mu.Unlock()
		if left == 0 {
			return
		}
	}
}

func (c *Client) shutDown(ctx context.Context) error {
	if c.listener == nil {
		return nil // never started
	}
	err := c.listener.Stop(ctx)
	c.settle(cancelTime)
	c.mu.Lock()
	f := c.function
	c.function, c.stopped = nil, true
	c.mu.Unlock()
	if f != nil {
		err = errors.Join(err, c.release(ctx, f))
	}
	if c.fixed != nil {
		c.fixed.CloseIdle()
	}
	c.closeTraces(ctx)
	return err
}
