package servermode

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// checkJoin says what is wrong with how the server is to be found.
func (c Config) checkJoin() error {
	seen := map[string]bool{}
	for _, target := range c.Join {
		balancer, err := hop.ParseTarget(target, "http")
		if err != nil {
			return fmt.Errorf("%w: --join: %w", daemon.ErrConfig, err)
		}
		switch {
		case seen[balancer.String()]:
			return fmt.Errorf("%w: --join %s is there twice", daemon.ErrConfig, balancer)
		case c.Tunnel && c.TokenFile == "" && !daemon.Loopback(net.JoinHostPort(balancer.Hostname(), "0")):
			return fmt.Errorf("%w: through a tunnel to %s others run code here; set --token-file", daemon.ErrConfig, balancer)
		}
		seen[balancer.String()] = true
	}
	if c.Advertise != "" {
		if _, err := hop.ParseTarget(c.Advertise, "http"); err != nil {
			return fmt.Errorf("%w: --advertise: %w", daemon.ErrConfig, err)
		}
	}
	switch {
	case len(c.Join) == 0 || c.Tunnel && c.Advertise == "":
		return nil
	case c.Tunnel:
		return fmt.Errorf("%w: --tunnel and --advertise exclude each other: a server with a tunnel is not dialled", daemon.ErrConfig)
	case c.Advertise == "" && everywhere(c.Listen):
		return fmt.Errorf("%w: --join needs to know where the balancer reaches this server: %s is no one address; set --advertise http://HOST:PORT", daemon.ErrConfig, c.Listen)
	}
	return nil
}

// everywhere reports whether an address stands for all of the host's.
func everywhere(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	ip := net.ParseIP(host)
	return err == nil && (host == "" || ip != nil && ip.IsUnspecified())
}

// registration is what the server says of itself; it is for one that listens.
func (s *Server) registration() (runtimespec.Registration, error) {
	r := runtimespec.Registration{Incarnation: s.incarnation, Slots: s.cfg.Slots, Tunnel: s.cfg.Tunnel}
	if s.cfg.Tunnel {
		host, err := os.Hostname()
		if err != nil {
			return r, fmt.Errorf("a server with a tunnel goes by the name of its host: %w", err)
		}
		_, port, err := net.SplitHostPort(s.Addr())
		r.Name = net.JoinHostPort(host, port)
		return r, err
	}
	scheme, at := "http", s.cfg.Advertise
	if s.settings().Certificate != nil {
		scheme = "https"
	}
	if at == "" {
		at = s.Addr()
	}
	u, err := hop.ParseTarget(at, scheme)
	if err == nil {
		r.URL = u.String()
	}
	return r, err
}

// trustOfBalancers is how their certificates are judged; nil: as the host does.
func (c Config) trustOfBalancers() (*tls.Config, error) {
	if c.JoinCA == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.JoinCA)
	if err != nil {
		return nil, fmt.Errorf("%w: --join-ca: %w", daemon.ErrConfig, err)
	}
	trust := x509.NewCertPool()
	if !trust.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%w: --join-ca: %s holds no certificate", daemon.ErrConfig, c.JoinCA)
	}
	return &tls.Config{RootCAs: trust}, nil
}
