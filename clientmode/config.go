package clientmode

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/settings"
	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Dialects that a server may speak.
const (
	DialectWhiskaway      = "whiskaway"      // the contract of runtime-spec
	DialectOpenServerless = "openserverless" // of Apache OpenServerless' client and server proxies
)

// Config is everything an operator can set. The zero value of a field means its
// default, which its tag names; docs/settings.md lists them all.
type Config struct {
	Listen        string   `flag:"listen" group:"The container and its server" default:":8080" holder:"ADDRESS" help:"Address to serve on."`
	Upstream      string   `flag:"upstream" holder:"URL" help:"The server or balancer: http://HOST:PORT or https://HOST:PORT. Without it only an action's main@url says where it runs."`
	UpstreamName  string   `flag:"upstream-name" default:"the server" help:"Its name in errors that authors see. Its address is only in the client's own log."`
	UpstreamAllow []string `flag:"upstream-allow" holder:"HOST,..." sep:", " help:"Hosts, host:ports, IPs or CIDRs that an action's main@url may name, comma-separated. The token goes only to a host:port named here."`
	Dialect       string   `flag:"dialect" default:"whiskaway" help:"Dialect that the server speaks: whiskaway, or openserverless for a proxy server of Apache OpenServerless."`
	Kind          string   `flag:"kind" holder:"KIND" unset:"the server sniffs" help:"Kind of the functions, such as python:3."`
	TokenFile     string   `flag:"token-file" type:"file" help:"File with the bearer token for the server."`
	CAFile        string   `flag:"ca-file" type:"file" unset:"the system's" help:"Certificates to trust, PEM."`

	Limit       time.Duration `flag:"limit" group:"Inits and runs" default:"60s" help:"Time for an init or a run when the platform names none."`
	StopGrace   time.Duration `flag:"stop-grace" default:"200ms" help:"The servers' --stop-grace: how long an overdue run may take to exit. The client takes it, and at most a ninth, off the time that it gives a server."`
	LogSettle   time.Duration `flag:"log-settle" default:"30ms" zero:"-1ns" help:"Pause before a failure that has a log is answered: OpenWhisk then reads the log at once, and its engine has to have written it. 0s: none."` // see awaitCollection; below 0: none
	Unavailable bool          `flag:"unavailable-503" help:"Answer a run with 503 when nothing was started. OpenWhisk then runs it once more, in another container; a platform that does not retry loses the activation. An init is never answered so: OpenWhisk drops its activation without a record."`
	VolatileEnv []string      `flag:"volatile-env" sep:", " help:"More init parameters that change with each activation, comma-separated; the same on the servers."`
	SpoolDir    string        `flag:"spool-dir" type:"folder" unset:"the system's temporary folder" help:"Where large code is kept."`
	MaxInitBody int64         `flag:"max-init-body" default:"72MiB" unit:"bytes" help:"Largest init, in bytes: the code in base64, and the environment."`
	MaxRunBody  int64         `flag:"max-run-body" default:"32MiB" unit:"bytes" help:"Largest run, in bytes: the arguments."`
	MaxResult   int           `flag:"max-result" default:"1MiB" unit:"bytes" help:"Largest result, in bytes; OpenWhisk's own limit is 1MiB unless it is set there."`

	Environ []string    // the container's environment [os.Environ()]
	Stdout  io.Writer   // the container's streams, which the platform collects [os.Stdout]
	Stderr  io.Writer   // [os.Stderr]
	Log     *zap.Logger // the client's own log; never on the streams above
}

// ErrConfig is wrapped by the errors of Start that only another configuration mends.
var ErrConfig = daemon.ErrConfig

func (c Config) withDefaults() Config {
	settings.Fill(&c)
	c.SpoolDir = cmp.Or(c.SpoolDir, os.TempDir())
	if c.Environ == nil {
		c.Environ = os.Environ()
	}
	c.Stdout = cmp.Or[io.Writer](c.Stdout, os.Stdout)
	c.Stderr = cmp.Or[io.Writer](c.Stderr, os.Stderr)
	c.Log = cmp.Or(c.Log, zap.NewNop())
	return c
}

func (c Config) checkDialect() error {
	if c.Dialect != DialectWhiskaway && c.Dialect != DialectOpenServerless {
		return fmt.Errorf("%w: --dialect: %.60q is neither %s nor %s", daemon.ErrConfig, c.Dialect, DialectWhiskaway, DialectOpenServerless)
	}
	return nil
}

// containerEnv returns the container's own __OW_* variables.
func (c Config) containerEnv() map[string]string {
	return runtimespec.ContainerEnv(c.Environ, c.VolatileEnv)
}

// concurrent reports whether the platform sends several runs at once.
func (c Config) concurrent() bool { return runtimespec.AllowsConcurrent(c.containerEnv()) }

// token returns what the upstream wants to see, empty for none.
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
