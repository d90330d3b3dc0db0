package endpoint

import (
	"crypto/tls"
	"fmt"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/token"
)

// Secrets is what a service reads from the files that its configuration names.
type Secrets struct {
	Tokens      token.Set
	Certificate *tls.Certificate // nil: plain HTTP
}

// LoadSecrets reads the files. An empty name means that there is none.
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

// TLS returns nil for plain HTTP. Each handshake uses the certificate of its
// moment.
func TLS(certificate func() *tls.Certificate) *tls.Config {
	if certificate() == nil {
		return nil
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate(), nil },
	}
}
