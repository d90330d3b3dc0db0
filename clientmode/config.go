package clientmode

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Dialects that a server may speak.
const (
	DialectWhiskaway      = "whiskaway"      // the contract of runtime-spec
	DialectOpenServerless = "openserverless" // of Apache OpenServerless' client and server proxies
)

// Config is everything an operator can set. The zero value of a field means
// its default, given in brackets.
type Config struct {
	Listen        string   // address [:8080]
	Upstream      string   // URL of the server or balancer; empty: from the action's main only
	UpstreamName  string   // what errors call it before authors, who need not know its address [the server]
	UpstreamAllow []string // hosts, host:ports, IPs or CIDRs that main@url may name
	Dialect       string   // what the server speaks [DialectWhiskaway]
	Kind          string   // kind of the functions; empty: the server sniffs
	TokenFile     string   // bearer token for the upstream
	CAFile        string   // certificates to trust, PEM; empty: the system's

	Limit       time.Duration // time for an init or a run when the platform names none [60s]
	StopGrace   time.Duration // what the servers give a run that is over to end itself, their --stop-grace [200ms]
	LogSettle   time.Duration // pause before a failure that has a log, see awaitCollection; negative: none [30ms]
	Unavailable bool          // answer a run with 503 when nothing was started, for platforms that then run it in another container
	VolatileEnv []string      // more env keys that change with each activation; the same on the servers
	SpoolDir    string        // where large code is kept [the system's temporary folder]
	MaxInitBody int64         // bytes [72 MiB]
	MaxRunBody  int64         // bytes [32 MiB]
	MaxResult   int           // bytes [1 MiB], as OpenWhisk itself allows
	Environ     []string      // the container's environment [os.Environ()]
	Stdout      io.Writer     // the container's streams, which the platform collects [os.Stdout]
	Stderr      io.Writer     // [os.Stderr]
	Log         *zap.Logger   // the client's own log; never on the streams above
}

func (c Config) withDefaults() Config {
	set(&c.Listen, ":8080")
	set(&c.Dialect, DialectWhiskaway)
	set(&c.UpstreamName, "the server")
	set(&c.Limit, 60*time.Second)
	set(&c.StopGrace, 200*time.Millisecond)
	set(&c.LogSettle, 30*time.Millisecond)
	set(&c.SpoolDir, os.TempDir())
	set(&c.MaxInitBody, 72<<20)
	set(&c.MaxRunBody, 32<<20)
	set(&c.MaxResult, 1<<20)
	if c.Environ == nil {
		c.Environ = os.Environ()
	}
	if c.Stdout == nil {
		c.Stdout = os.Stdout
	}
	if c.Stderr == nil {
		c.Stderr = os.Stderr
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	return c
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c Config) checkDialect() error {
	if c.Dialect != DialectWhiskaway && c.Dialect != DialectOpenServerless {
		return fmt.Errorf("%w: --dialect: %.60q is neither %s nor %s", daemon.ErrConfig, c.Dialect, DialectWhiskaway, DialectOpenServerless)
	}
	return nil
}

// containerEnv is the container's own __OW_* variables.
func (c Config) containerEnv() map[string]string {
	return runtimespec.ContainerEnv(c.Environ, c.VolatileEnv)
}

// concurrent reports whether the platform sends several runs at once.
func (c Config) concurrent() bool { return runtimespec.AllowsConcurrent(c.containerEnv()) }

// token is what the upstream wants to see, empty for none.
func (c Config) token() (string, error) {
	if c.TokenFile == "" {
		return "", nil
	}
	secret, err := token.First(c.TokenFile)
	if err != nil {
		return "", fmt.Errorf("%w: token: %w", daemon.ErrConfig, err)
	}
	return secret, nil
}

func (c Config) tls() (*tls.Config, error) {
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile == "" {
		return secure, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("%w: certificates: %w", daemon.ErrConfig, err)
	}
	secure.RootCAs = x509.NewCertPool()
	if !secure.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%w: %w", daemon.ErrConfig, errors.New(c.CAFile+" holds no certificate"))
	}
	return secure, nil
}
