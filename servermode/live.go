package servermode

import (
	"fmt"
	"os"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/servermode/internal/host"
	"github.com/whiskaway/whiskaway/servermode/internal/invoke"
	"github.com/whiskaway/whiskaway/servermode/internal/launch"
)

// live is the settings that may change while the server serves. A reload replaces it
// whole, so that requests read it without a lock. Server.cfg stays as it was at the
// start.
type live struct {
	Config
	endpoint.Secrets
}

// settings returns the current settings.
func (s *Server) settings() *live { return s.live.Load() }

// invoke returns the settings of inits and runs.
func (l *live) invoke() invoke.Settings {
	return invoke.Settings{
		InitTimeout: l.InitTimeout, RunTimeout: l.RunTimeout, PlainKind: l.PlainKind, ManyTenants: l.Tokens.Several(),
		Bounds: launch.Bounds{MaxInstances: l.MaxInstances, MaxKeepAlive: l.MaxKeepAlive},
	}
}

// openSecrets reads the configured files for the first time.
func (s *Server) openSecrets() error {
	now, err := s.readLive(s.cfg)
	if err == nil {
		s.live.Store(now)
		s.service.Table.Configure(s.tableConfig(now))
	}
	return err
}

// readLive reads the files that a configuration names, and checks them.
func (s *Server) readLive(cfg Config) (now *live, err error) {
	now = &live{Config: cfg}
	if now.Secrets, err = endpoint.LoadSecrets(cfg.TokenFile, cfg.TLSCert, cfg.TLSKey); err != nil {
		return nil, err
	}
	if err := now.checkTenants(); err != nil {
		return nil, err
	}
	for _, secret := range []string{cfg.TokenFile, cfg.TLSKey} {
		if info, err := os.Stat(secret); err == nil && info.Mode().Perm()&0o004 != 0 {
			s.log.Warn("every user of this host can read it, functions too: chmod o-r", zap.String("file", secret))
		}
	}
	return now, nil
}

// checkTenants refuses several tenants where nothing isolates them, unless the owner
// has said that they trust each other.
func (l *live) checkTenants() error {
	if !host.SharesUser() || l.AllowSharedUser || !l.Tokens.Several() {
		return nil
	}
	return fmt.Errorf("%w: --token-file has several tenants, or a token that may delegate, and this server is not root: functions of all would run as its own user and could reach each other's code, files and memory; start it as root, or, if all tenants trust each other, with --allow-shared-user", daemon.ErrConfig)
}
