package servermode

import (
	"os"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/endpoint"
)

// live is what may change while the server serves. A reload replaces it whole,
// so that requests read it without a lock; cfg is what the server was started
// with.
type live struct {
	Config
	endpoint.Secrets
}

// settings are those of this moment.
func (s *Server) settings() *live { return s.live.Load() }

// openSecrets reads the files that the configuration names.
func (s *Server) openSecrets() error {
	now, err := s.load(s.cfg)
	if err == nil {
		s.live.Store(now)
		s.table.Configure(s.tableConfig(now))
	}
	return err
}

func (s *Server) load(cfg Config) (now *live, err error) {
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
