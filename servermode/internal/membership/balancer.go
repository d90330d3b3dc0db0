package membership

import (
	"context"
	"math/rand/v2"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/tunnel"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	joinTimeout    = 5 * time.Second // for a balancer's answer
	goodbyeTimeout = 2 * time.Second
	firstPause     = time.Second // after a failure; it doubles
	lastPause      = 15 * time.Second
)

// balancer is one that the server joins.
type balancer struct {
	at    *url.URL
	token func() (string, error)
	self  runtimespec.Registration
	pool  *upstream.Pool
	log   *zap.Logger

	draining atomic.Bool
	now      chan struct{} // wakes keep
	end      context.CancelFunc
	done     sync.WaitGroup

	tunnel   *tunnel.Listener // nil: the balancer dials
	listener *daemon.Listener // serves on it
}

func (b *balancer) start() {
	var ctx context.Context
	ctx, b.end = context.WithCancel(context.Background())
	b.done.Go(func() { b.keep(ctx) })
}

// keep tells the balancer that the server is here, until ctx ends.
func (b *balancer) keep(ctx context.Context) {
	joined, said, pause := false, "", firstPause
	for {
		self := b.self
		self.Draining = b.draining.Load()
		wait, err := b.say(ctx, self, joinTimeout)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if text := err.Error(); text != said {
				b.log.Warn("cannot join the balancer; retrying", zap.Error(err))
				joined, said = false, text
			}
			wait, pause = pause/2+rand.N(pause/2), min(2*pause, lastPause)
		default:
			if !joined {
				b.log.Info("joined the balancer", zap.Duration("again", wait))
			}
			joined, said, pause = true, "", firstPause
		}
		select {
		case <-time.After(wait):
		case <-b.now:
		case <-ctx.Done():
		}
	}
}

func (b *balancer) drain() {
	b.draining.Store(true)
	b.now <- struct{}{}
}

func (b *balancer) leave() {
	b.end()
	b.done.Wait()
	self := b.self
	self.Leaving = true
	if _, err := b.say(context.Background(), self, goodbyeTimeout); err != nil {
		b.log.Info("could not say goodbye, the balancer will miss this server", zap.Error(err))
	}
	b.pool.CloseIdle()
}

// openTunnel opens a tunnel to the balancer. serve answers what comes through it.
func (b *balancer) openTunnel(m *Membership, serve func(net.Listener) *daemon.Listener) error {
	cfg := tunnel.Config{
		Balancer: b.at, TLS: m.trust, Incarnation: b.self.Incarnation,
		Up:   func() { b.log.Info("the tunnel is up") },
		Down: func(err error) { b.log.Warn("no tunnel; retrying", zap.Error(err)) },
	}
	if m.cfg.TokenFile != "" {
		cfg.Token = b.token
	}
	b.tunnel = tunnel.Listen(cfg)
	b.listener = serve(b.tunnel)
	return b.listener.Start()
}

// closeTunnel closes the tunnel, if there is one.
func (b *balancer) closeTunnel(ctx context.Context) error {
	if b.tunnel == nil {
		return nil
	}
	err := b.listener.Stop(ctx)
	b.tunnel.End()
	return err
}
