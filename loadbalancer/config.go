package loadbalancer

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/settings"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/queue"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// Config is everything an operator can set. The zero value of a field means its
// default, which its tag names; docs/settings.md lists them all.
type Config struct {
	Listen    string `flag:"listen" group:"Serving" default:"127.0.0.1:18080" holder:"ADDRESS" help:"Address to serve on. More than loopback needs --token-file."`
	TokenFile string `flag:"token-file" type:"file" reload:"live" help:"Callers' bearer tokens, one a line: token, tenant, and 'delegate' if it may act for others."`
	TLSCert   string `flag:"tls-cert" type:"file" reload:"toggle" help:"Certificate, PEM; serves HTTPS."`
	TLSKey    string `flag:"tls-key" type:"file" reload:"toggle" help:"Its private key, PEM."`
	StateDir  string `flag:"state-dir" type:"folder" unset:"/var/lib/whiskaway-loadbalancer as root" help:"Folder for functions' code."` // see DefaultStateDir
	AccessLog bool   `flag:"access-log" reload:"live" help:"Log a line for each init, run and stop."`

	Servers          []string      `flag:"server" env:"WHISKAWAY_SERVERS" group:"Servers" holder:"URL,..." reload:"live" help:"A server, such as http://gpu-1:9000; once for each. Or where servers are known from: dns://NAME:PORT, srv://NAME, file:///PATH. All balancers need the same: it says where functions are placed."`
	ServersTokenFile string        `flag:"servers-token-file" type:"file" reload:"live" help:"Its first token is sent to the servers, which must know it as one that may delegate."`
	ServersCA        string        `flag:"servers-ca" type:"file" unset:"the host's" reload:"live" help:"Certificates, PEM, by which servers are trusted."`
	JoinTokenFile    string        `flag:"join-token-file" type:"file" reload:"live" help:"Bearer tokens with which servers may join by themselves (servermode --join). A server that has one is sent functions' code."`
	CheckEvery       time.Duration `flag:"check-every" default:"500ms" reload:"live" help:"Time between two health checks of a server."`
	CheckTimeout     time.Duration `flag:"check-timeout" default:"1s" reload:"live" help:"A server that takes longer to answer a health check is not well."`

	Policy      string        `flag:"policy" group:"Inits and runs" default:"warm" enum:"warm,least-loaded" also:"consistent-hash,p2c,peak-ewma,random,round-robin" reload:"live" help:"Which server gets a run: where its answer is expected soonest, or the least busy one."`
	Lease       time.Duration `flag:"lease" default:"30m" reload:"live" help:"How long a function is kept without runs."`
	InitTimeout time.Duration `flag:"max-init" default:"5m" reload:"live" help:"Longest init."`
	VolatileEnv []string      `flag:"volatile-env" help:"More init parameters that change with each activation; the same on clients and servers."`
	InFlight    int           `flag:"in-flight" default:"4096" reload:"live" help:"Inits and runs at once. With several tenants one gets as many as are left."`
	Queue       int           `flag:"queue" default:"2048" zero:"-1" reload:"live" help:"Of these, runs that wait while no server has room. One tenant gets as many as are left, at most half. 0: none."` // below 0: none
	QueueWait   time.Duration `flag:"queue-wait" default:"10s" reload:"live" help:"How long a run waits at most. The wait ends before the run's own time does."`
	Functions   int           `flag:"functions" default:"65536" reload:"live" help:"Functions that are known at once."`
	MaxRunBody  int64         `flag:"max-run-body" default:"32MiB" unit:"bytes" reload:"live" help:"Bytes of a run's request, its arguments, at most."`
	MaxInitBody int64         `flag:"max-init-body" default:"72MiB" unit:"bytes" reload:"live" help:"Bytes of an init's request, its code, at most."`
	BodyMemory  int64         `flag:"body-memory" default:"288MiB" unit:"bytes" reload:"live" help:"Bytes of memory for requests' bodies; inits get half of them at most. With several tenants one holds at most as much as it leaves free."`
	CodeCache   int64         `flag:"code-cache" default:"4GiB" unit:"bytes" reload:"live" help:"Bytes of functions' code that are kept on disk."`

	Hosts Hosts // that come and go

	// Custom makes a policy of the owner's, by the name of Policy ["custom"]. A reload
	// takes another one when Policy is another.
	Custom func() policy.Policy
	Log    *zap.Logger
}

// ErrConfig is wrapped by the errors of Start and Reload that only another
// configuration mends.
var ErrConfig = daemon.ErrConfig

// DefaultStateDir is /var/lib/whiskaway-loadbalancer for root and a folder in the
// home of any other user.
func DefaultStateDir() string {
	const name = "whiskaway-loadbalancer"
	if os.Getuid() == 0 {
		return filepath.Join("/var/lib", name)
	}
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, name)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".local", "state", name)
}

func (c Config) withDefaults() Config {
	if c.Custom != nil {
		c.Policy = cmp.Or(c.Policy, "custom")
	}
	settings.Fill(&c)
	c.StateDir = cmp.Or(c.StateDir, DefaultStateDir())
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	return c
}

// validate says what is wrong and what to do about it.
func (c Config) validate() error {
	switch {
	case c.StateDir == "":
		return fmt.Errorf("%w: no folder to keep state in; set --state-dir", daemon.ErrConfig)
	case !daemon.Loopback(c.Listen) && c.TokenFile == "":
		return fmt.Errorf("%w: listening on %s lets others run code on the servers; set --token-file, or listen on 127.0.0.1", daemon.ErrConfig, c.Listen)
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return fmt.Errorf("%w: --tls-cert and --tls-key go together", daemon.ErrConfig)
	}
	if err := settings.Check(&c); err != nil {
		return err
	}
	if _, err := c.newPolicy(); err != nil {
		return err
	}
	if err := c.checkHosts(); err != nil {
		return err
	}
	targets, err := c.targets()
	if err == nil {
		_, err = discovery.Parse(targets)
	}
	if err != nil && !errors.Is(err, daemon.ErrConfig) {
		err = fmt.Errorf("%w: --server: %w", daemon.ErrConfig, err)
	}
	return err
}

// believed is what the state works by. Bodies of queued runs are held to what large
// ones may weigh in all. A policy of nil leaves the one that there is.
func (c Config) believed(p policy.Policy) state.Settings {
	return state.Settings{
		Policy: p, Lease: c.Lease, InitTimeout: c.InitTimeout, Functions: c.Functions, QueueWait: c.QueueWait,
		Queue: queue.Limits{Entries: max(0, c.Queue), Bytes: c.BodyMemory},
	}
}

// source is all that the configuration says of where servers are known from.
func (c Config) source(joined *discovery.Joined) (discovery.Source, error) {
	targets, err := c.targets()
	if err != nil {
		return nil, err
	}
	listed, err := discovery.Parse(targets)
	if err != nil {
		return nil, err
	}
	switch {
	case c.JoinTokenFile == "":
		return listed, nil
	case len(targets) == 0: // nothing is listed, and so never tells of itself
		return joined, nil
	}
	return discovery.Merge(listed, joined), nil
}

// newPolicy makes the policy that is set.
func (c Config) newPolicy() (policy.Policy, error) {
	chosen, err := policy.New(c.Policy)
	switch {
	case c.Custom == nil && err != nil:
		return nil, fmt.Errorf("%w: --policy: %w", daemon.ErrConfig, err)
	case c.Custom == nil:
		return chosen, nil
	case err == nil:
		return nil, fmt.Errorf("%w: a custom policy cannot have the name of one that is built in, %q", daemon.ErrConfig, c.Policy)
	}
	if chosen = c.Custom(); chosen == nil {
		return nil, fmt.Errorf("%w: there is no policy %q: its Custom made none", daemon.ErrConfig, c.Policy)
	}
	return chosen, nil
}

// targets are what --server names, URLs of servers in one spelling.
func (c Config) targets() (all []string, err error) {
	if len(c.Servers) == 0 && c.JoinTokenFile == "" {
		return nil, fmt.Errorf("%w: there is no server; set --server http://HOST:PORT, once for each, or let servers join with --join-token-file", daemon.ErrConfig)
	}
	for _, server := range c.Servers {
		if scheme, _, ok := strings.Cut(server, "://"); ok && !strings.HasPrefix(strings.ToLower(scheme), "http") {
			all = append(all, server) // where servers are known from
			continue
		}
		u, err := upstream.ParseTarget(server, "http")
		if err != nil {
			return nil, fmt.Errorf("%w: --server: %w", daemon.ErrConfig, err)
		}
		switch name := lower(u).String(); {
		case slices.Contains(all, name):
			return nil, fmt.Errorf("%w: --server %s is there twice", daemon.ErrConfig, name)
		case u.Host == c.Listen:
			return nil, fmt.Errorf("%w: --server %s is this balancer itself", daemon.ErrConfig, name)
		default:
			all = append(all, name)
		}
	}
	return all, nil
}

// lower is a URL in the one spelling by which it is compared.
func lower(u *url.URL) *url.URL {
	u.Host = strings.ToLower(u.Host)
	return u
}
