package servermode

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/internal/tunnel"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	joinTimeout    = 5 * time.Second // for a balancer's answer
	goodbyeTimeout = 2 * time.Second
	joinPause      = time.Second // after a failure; it doubles
	joinLastPause  = 15 * time.Second
)

// joining is this server's membership of one balancer: it says that it is here
// again and again, and at the end goodbye.
type joining struct {
	server   *Server
	balancer *url.URL
	pool     *hop.Pool
	self     runtimespec.Registration

	draining atomic.Bool
	kick     chan struct{} // say it now
	end      context.CancelFunc
	done     sync.WaitGroup

	tunnel *tunnel.Listener // nil: the balancer dials
	front  *daemon.Listener // serves on it
}

// openJoin reads the files that memberships need.
func (s *Server) openJoin() (err error) {
	if s.joinTrust, err = s.cfg.trustOfBalancers(); err == nil && s.cfg.JoinTokenFile != "" {
		if _, err = s.joinToken(); err != nil {
			err = fmt.Errorf("%w: --join-token-file: %w", daemon.ErrConfig, err)
		}
	}
	return err
}

// joinBalancers begins the memberships that the owner asked for.
func (s *Server) joinBalancers() error {
	if len(s.cfg.Join) == 0 {
		return nil
	}
	self, err := s.registration()
	if err != nil {
		return err
	}
	for _, target := range s.cfg.Join {
		balancer, err := hop.ParseTarget(target, "http")
		if err != nil {
			return err // was checked
		}
		j := &joining{server: s, balancer: balancer, pool: hop.New(balancer, hop.Options{TLS: s.joinTrust}), self: self, kick: make(chan struct{}, 1)}
		if err := j.begin(); err != nil {
			return err
		}
		s.joined = append(s.joined, j)
	}
	return nil
}

func (j *joining) begin() error {
	if j.self.Tunnel {
		if err := j.dig(); err != nil {
			return err
		}
	}
	var ctx context.Context
	ctx, j.end = context.WithCancel(context.Background())
	j.done.Go(func() { j.keep(ctx) })
	return nil
}

// keep says that the server is here until ctx ends.
func (j *joining) keep(ctx context.Context) {
	log := j.server.log.With(zap.Stringer("balancer", j.balancer))
	joined, said, pause := false, "", joinPause
	for {
		self := j.self
		self.Draining = j.draining.Load()
		wait, err := j.say(ctx, self, joinTimeout)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if text := err.Error(); text != said {
				log.Warn("cannot join the balancer, going on to try", zap.Error(err))
				joined, said = false, text
			}
			wait, pause = pause/2+rand.N(pause/2), min(2*pause, joinLastPause)
		default:
			if !joined {
				log.Info("joined the balancer", zap.Duration("again", wait))
			}
			joined, said, pause = true, "", joinPause
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-j.kick:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// drain says at once that no new work is welcome, and goes on saying so.
func (j *joining) drain() {
	j.draining.Store(true)
	j.kick <- struct{}{}
}

// leave says goodbye, when no run is left.
func (j *joining) leave() {
	j.end()
	j.done.Wait()
	self := j.self
	self.Leaving = true
	if _, err := j.say(context.Background(), self, goodbyeTimeout); err != nil {
		j.server.log.Info("could not say goodbye, the balancer will miss this server", zap.Stringer("balancer", j.balancer), zap.Error(err))
	}
	j.pool.CloseIdle()
}

// stopJoining ends the memberships, and what comes through tunnels.
func (s *Server) stopJoining(ctx context.Context) error {
	var errs []error
	var all sync.WaitGroup
	for _, j := range s.joined {
		all.Go(j.leave)
	}
	all.Wait()
	for _, j := range s.joined {
		errs = append(errs, j.fill(ctx))
	}
	s.joined = nil
	return errors.Join(errs...)
}

// joinToken is read at each attempt, so that it can be changed without a restart.
func (s *Server) joinToken() (string, error) { return token.First(s.cfg.JoinTokenFile) }
