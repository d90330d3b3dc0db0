package servermode

import (
	"crypto/tls"
	"fmt"
	"os"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/token"
)

// live is what may change while the server serves. A reload replaces it whole,
// so that requests read it without a lock; cfg is what the server was started
// with.
type live struct {
	Config
	tokens      token.Set
	certificate *tls.Certificate // nil: plain HTTP
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
	if cfg.TokenFile != "" {
		if now.tokens, err = token.Load(cfg.TokenFile); err != nil {
			return nil, fmt.Errorf("%w: --token-file: %w", daemon.ErrConfig, err)
		}
	}
	if err := now.checkTenants(); err != nil {
		return nil, err
	}
	if cfg.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(cfg.TLSCert, cfg.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("%w: --tls-cert, --tls-key: %w", daemon.ErrConfig, err)
		}
		now.certificate = &pair
	}
	for _, secret := range []string{cfg.TokenFile, cfg.TLSKey} {
		if info, err := os.Stat(secret); err == nil && info.Mode().Perm()&0o004 != 0 {
			s.log.Warn("every user of this host can read it, functions too: chmod o-r", zap.String("file", secret))
		}
	}
	return now, nil
}

// tls is nil for plain HTTP. A handshake gets the certificate of its moment.
func (s *Server) tls() *tls.Config {
	if s.settings().certificate == nil {
		return nil
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.settings().certificate, nil },
	}
}
