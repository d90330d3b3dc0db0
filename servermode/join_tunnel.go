package servermode

import (
	"context"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/tunnel"
)

// dig makes a tunnel to the balancer and serves on it as on the server's address.
func (j *joining) dig() error {
	log := j.server.log.With(zap.Stringer("balancer", j.balancer))
	cfg := tunnel.Config{
		Balancer: j.balancer, TLS: j.server.joinTrust, Incarnation: j.server.incarnation,
		Up:   func() { log.Info("the tunnel is there") },
		Down: func(err error) { log.Warn("no tunnel, going on to try", zap.Error(err)) },
	}
	if j.server.cfg.JoinTokenFile != "" {
		cfg.Token = j.server.joinToken
	}
	j.tunnel = tunnel.Listen(cfg)
	j.front = &daemon.Listener{On: j.tunnel, Handler: j.server.handler, Log: j.server.log}
	return j.front.Start()
}

// fill ends the tunnel, if there is one.
func (j *joining) fill(ctx context.Context) error {
	if j.tunnel == nil {
		return nil
	}
	err := j.front.Stop(ctx)
	j.tunnel.End()
	return err
}
