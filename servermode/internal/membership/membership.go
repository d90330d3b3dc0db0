// Package membership tells balancers that the server is here, again and again, and
// says goodbye at its end. A balancer that cannot be reached is tried again, and the
// log says so once. For a server that balancers cannot reach, it opens tunnels
// through which their requests come in.
package membership

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Membership is the server's part in a set of balancers.
type Membership struct {
	cfg       Config
	trust     *tls.Config
	log       *zap.Logger
	balancers []*balancer
}

// Open reads the files that the configuration names.
func Open(cfg Config, log *zap.Logger) (*Membership, error) {
	trust, err := cfg.trust()
	if err != nil {
		return nil, err
	}
	if _, err := cfg.token(); err != nil {
		return nil, fmt.Errorf("%w: %w", daemon.ErrConfig, err)
	}
	return &Membership{cfg: cfg, trust: trust, log: log}, nil
}

// Server is the server as balancers know it, once it listens.
type Server struct {
	Incarnation string
	Addr        string // that it listens on
	Scheme      string
	// Serve answers the requests that come through a tunnel.
	Serve func(net.Listener) *daemon.Listener
}

// Join starts to tell the balancers of the server.
func (m *Membership) Join(s Server) error {
	if len(m.cfg.Balancers) == 0 {
		return nil
	}
	self, err := m.cfg.register(runtimespec.Registration{Incarnation: s.Incarnation}, s.Addr, s.Scheme)
	if err != nil {
		return err
	}
	for _, target := range m.cfg.Balancers {
		at, err := upstream.ParseTarget(target, "http")
		if err != nil {
			return err // Check found none
		}
		b := &balancer{
			at: at, token: m.cfg.token, self: self, pool: upstream.New(at, upstream.Options{TLS: m.trust}),
			log: m.log.With(zap.Stringer("balancer", at)), now: make(chan struct{}, 1),
		}
		if m.cfg.Tunnel {
			if err := b.openTunnel(m, s.Serve); err != nil {
				return err
			}
		}
		b.start()
		m.balancers = append(m.balancers, b)
	}
	return nil
}

// Drain tells the balancers at once that no new work is welcome, and goes on telling
// them.
func (m *Membership) Drain() {
	for _, b := range m.balancers {
		b.drain()
	}
}

// Leave says goodbye when no run is left, and closes the tunnels.
func (m *Membership) Leave(ctx context.Context) error {
	if m == nil {
		return nil
	}
	var all sync.WaitGroup
	for _, b := range m.balancers {
		all.Go(b.leave)
	}
	all.Wait()
	var errs []error
	for _, b := range m.balancers {
		errs = append(errs, b.closeTunnel(ctx))
	}
	m.balancers = nil
	return errors.Join(errs...)
}
