package endpoint

import (
	"crypto/tls"
	"fmt"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/token"
)

// Secrets are what a service reads from the files that its configuration names.
type Secrets struct {
	Tokens      token.Set
	Certificate *tls.Certificate // nil: plain HTTP
}

// LoadSecrets reads them; an empty name is none.
func LoadSecrets(tokenFile, certFile, keyFile string) (s Secrets, err error) {
	if tokenFile != "" {
		if s.Tokens, err = token.Load(tokenFile); err != nil {
			return s, fmt.Errorf("%w: --token-file: %w", daemon.ErrConfig, err)
		}
	}
	if certFile != "" {
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return s, fmt.Errorf("%w: --tls-cert, --tls-key: %w", daemon.ErrConfig, err)
		}
		s.Certificate = &pair
	}
	return s, nil
}

// TLS is nil for plain HTTP. A handshake gets the certificate of its moment.
func TLS(certificate func() *tls.Certificate) *tls.Config {
	if certificate() == nil {
		return nil
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate(), nil },
	}
}
