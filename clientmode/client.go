// Package clientmode is the container that an OpenWhisk invoker deploys. It
// answers /init and /run like any runtime, but executes nothing: it forwards
// both to a server elsewhere. It keeps its function's code and environment,
// because a server may forget the function at any time.
//
// The client searches a run's body for its activation id and deadline and does
// not decode the rest. It ignores a deadline in the past, which shows that the
// clocks disagree.
//
// A run is sent again only if it certainly did not start. If an answer breaks
// off after its head, the client asks for the run again at the server that the
// head names, which never starts anything, until the deadline is near. The log
// stays with the first answer.
//
// The platform reads the log file right after the answer to a failure. So a
// failed answer waits until the container's pipes are empty, and a moment more.
// A run over its time is answered before the platform gives it up.
package clientmode

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/clientmode/internal/allowlist"
	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/sentinel"
	"github.com/whiskaway/whiskaway/internal/settings"
)

// Client is one client container.
type Client struct {
	cfg      Config
	log      *zap.Logger
	lease    string // the container's id, under which a server keeps its function
	allow    *allowlist.List
	dial     func(target string, guard allowlist.Guard, trusted bool) (sender, error)
	fixed    sender // the operator's, nil when only main@url names a server
	streams  *sentinel.Streams
	listener *daemon.Listener
	state    state

	stop    sync.Once
	stopErr error
}

// New returns a client that is not started. Nothing is allocated for a function
// before /init: prewarmed containers wait for a long time.
func New(cfg Config) *Client {
	cfg = cfg.withDefaults()
	return &Client{
		cfg:     cfg,
		log:     cfg.Log.Named("clientmode"),
		lease:   uuid.NewString(),
		streams: sentinel.New(cfg.Stdout, cfg.Stderr),
		state:   state{concurrent: cfg.concurrent(), running: map[string]*work{}},
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
	if c.allow, err = allowlist.Parse(c.cfg.UpstreamAllow); err != nil {
		return fmt.Errorf("%w: %w", daemon.ErrConfig, err)
	}
	if err := c.cfg.checkDialect(); err != nil {
		return err
	}
	c.dial = func(target string, guard allowlist.Guard, trusted bool) (sender, error) {
		secret := secret
		if !trusted {
			secret = "" // the listener there could collect it
		}
		return newUpstream(target, secret, secure, guard)
	}
	if c.cfg.Upstream != "" {
		if c.fixed, err = c.dial(c.cfg.Upstream, nil, true); err != nil {
			return fmt.Errorf("%w: --upstream (WHISKAWAY_UPSTREAM): %w", daemon.ErrConfig, err)
		}
	}
	c.listener = &daemon.Listener{Listen: c.cfg.Listen, Handler: c.routes(), Log: c.log}
	return c.listener.Start()
}

// Addr returns the address that is served.
func (c *Client) Addr() string { return c.listener.Addr() }

// Stop lets runs finish until ctx ends, then releases the function at its server.
func (c *Client) Stop(ctx context.Context) error {
	c.stop.Do(func() { c.stopErr = c.shutDown(ctx) })
	return c.stopErr
}

func (c *Client) shutDown(ctx context.Context) error {
	if c.listener == nil {
		return nil // never started
	}
	err := c.listener.Stop(ctx)
	select {
	case <-c.state.awaitIdle(): // runs that were cut off have told their server so
	case <-time.After(cancelTime):
	}
	if f := c.state.stop(); f != nil {
		err = errors.Join(err, f.release(ctx))
	}
	if c.fixed != nil {
		c.fixed.CloseIdle()
	}
	return err
}
