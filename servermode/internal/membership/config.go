package membership

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Config says which balancers are joined, and how they reach the server.
type Config struct {
	Balancers []string // URLs
	TokenFile string   // its first token is sent to them; empty: no token
	CAFile    string   // certificates, PEM, by which they are trusted; empty: the host's
	Advertise string   // URL at which they reach the server; empty: the address listened on
	Tunnel    bool     // they cannot reach it: work comes over connections that it makes
}

// Check returns an error that says what is wrong for a server that listens on an
// address. tokens says whether that server asks its callers for tokens.
func (c Config) Check(listen string, tokens bool) error {
	seen := map[string]bool{}
	for _, target := range c.Balancers {
		balancer, err := upstream.ParseTarget(target, "http")
		if err != nil {
			return fmt.Errorf("%w: --join: %w", daemon.ErrConfig, err)
		}
		switch {
		case seen[balancer.String()]:
			return fmt.Errorf("%w: --join %s is there twice", daemon.ErrConfig, balancer)
		case c.Tunnel && !tokens && !daemon.Loopback(net.JoinHostPort(balancer.Hostname(), "0")):
			return fmt.Errorf("%w: through a tunnel to %s others run code here; set --token-file", daemon.ErrConfig, balancer)
		}
		seen[balancer.String()] = true
	}
	if c.Advertise != "" {
		if _, err := upstream.ParseTarget(c.Advertise, "http"); err != nil {
			return fmt.Errorf("%w: --advertise: %w", daemon.ErrConfig, err)
		}
	}
	switch {
	case len(c.Balancers) == 0 || c.Tunnel && c.Advertise == "":
		return nil
	case c.Tunnel:
		return fmt.Errorf("%w: --tunnel and --advertise exclude each other: a server with a tunnel is not dialled", daemon.ErrConfig)
	case c.Advertise == "" && everywhere(listen):
		return fmt.Errorf("%w: --join needs to know where the balancer reaches this server: %s is no one address; set --advertise http://HOST:PORT", daemon.ErrConfig, listen)
	}
	return nil
}

// everywhere reports whether an address stands for all of the host's.
func everywhere(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	ip := net.ParseIP(host)
	return err == nil && (host == "" || ip != nil && ip.IsUnspecified())
}

// trust returns how balancers' certificates are verified; nil: by the host's roots.
func (c Config) trust() (*tls.Config, error) {
	if c.CAFile == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("%w: --join-ca: %w", daemon.ErrConfig, err)
	}
	trust := x509.NewCertPool()
	if !trust.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%w: --join-ca: %s holds no certificate", daemon.ErrConfig, c.CAFile)
	}
	return &tls.Config{RootCAs: trust}, nil
}

// token returns the token for balancers, empty for none. The file is read at each
// attempt, so that it can be changed without a restart.
func (c Config) token() (string, error) {
	if c.TokenFile == "" {
		return "", nil
	}
	secret, err := token.First(c.TokenFile)
	if err != nil {
		return "", fmt.Errorf("--join-token-file: %w", err)
	}
	return secret, nil
}

// register completes a registration with where the server is reached.
func (c Config) register(self runtimespec.Registration, addr, scheme string) (runtimespec.Registration, error) {
	if self.Tunnel = c.Tunnel; c.Tunnel {
		host, err := os.Hostname()
		if err != nil {
			return self, fmt.Errorf("a server with a tunnel goes by the name of its host: %w", err)
		}
		_, port, err := net.SplitHostPort(addr)
		self.Name = net.JoinHostPort(host, port)
		return self, err
	}
	if c.Advertise != "" {
		addr = c.Advertise
	}
	u, err := upstream.ParseTarget(addr, scheme)
	if err == nil {
		self.URL = u.String()
	}
	return self, err
}
