package loadbalancer

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/autoscale"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/backend"
)

// live is what may change while the balancer serves. A reload replaces it whole,
// so that requests read it without a lock.
type live struct {
	Config
	endpoint.Secrets
	token string         // for servers
	trust *x509.CertPool // of servers; nil: the host's
	joins token.Set      // with which servers may join
	hook  autoscale.Hook // has hosts come and go; nil: none does
}

// backend is what servers are reached with.
func (l *live) backend() backend.Settings {
	return backend.Settings{CheckEvery: l.CheckEvery, CheckTimeout: l.CheckTimeout, Token: l.token, Trust: l.trust}
}

// settings are those of this moment.
func (b *Balancer) settings() *live { return b.live.Load() }

// openSecrets reads the files that the configuration names.
func (b *Balancer) openSecrets() error {
	now, err := load(b.cfg)
	if err == nil {
		b.live.Store(now)
		b.memory.Limit(now.BodyMemory, now.Tokens.Several())
	}
	return err
}

func load(cfg Config) (now *live, err error) {
	now = &live{Config: cfg}
	if now.Secrets, err = endpoint.LoadSecrets(cfg.TokenFile, cfg.TLSCert, cfg.TLSKey); err != nil {
		return nil, err
	}
	if cfg.ServersTokenFile != "" {
		if now.token, err = token.First(cfg.ServersTokenFile); err != nil {
			return nil, fmt.Errorf("%w: --servers-token-file: %w", daemon.ErrConfig, err)
		}
	}
	if cfg.JoinTokenFile != "" {
		if now.joins, err = token.Load(cfg.JoinTokenFile); err != nil {
			return nil, fmt.Errorf("%w: --join-token-file: %w", daemon.ErrConfig, err)
		}
	}
	if cfg.ServersCA != "" {
		text, err := os.ReadFile(cfg.ServersCA)
		if now.trust = x509.NewCertPool(); err != nil || !now.trust.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%w: --servers-ca: %s holds no certificate that can be read (%v)", daemon.ErrConfig, cfg.ServersCA, err)
		}
	}
	return now, errors.Join(now.loadHook(), now.tenantsStayApart())
}

// tenantsStayApart wants a token for the servers where callers are told apart:
// to servers without one all work would be one tenant's.
func (l *live) tenantsStayApart() error {
	for _, grant := range l.Tokens {
		if l.token == "" && (grant.Delegate || grant.Tenant != token.DefaultTenant) {
			return fmt.Errorf("%w: --token-file tells tenants apart, servers would not; set --servers-token-file to a token that they know as one that may delegate", daemon.ErrConfig)
		}
	}
	return nil
}
