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
	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/queue"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// Config is everything an owner can set. The zero value of a field means its
// default, given in brackets.
type Config struct {
	Listen    string   // address [127.0.0.1:18080]
	Servers   []string // URLs of servers, or where they are known from (dns://, srv://, file://); all balancers have to use the same: places of functions follow from them
	TokenFile string   // bearer tokens of callers; without one only loopback may be listened on
	TLSCert   string   // certificate file, PEM; empty: plain HTTP
	TLSKey    string   // its key file
	StateDir  string   // the balancer's own folder; see DefaultStateDir

	ServersTokenFile string // its first token is sent to servers, where it must be marked "delegate"
	ServersCA        string // certificates, PEM, by which servers are trusted [the host's]
	JoinTokenFile    string // bearer tokens with which servers may join by themselves; empty: they cannot

	Policy      string               // who gets a run, one of policy.Names() [warm]; the name of Custom, if that is set [custom]
	Custom      func() policy.Policy // makes a policy of one's own. A reload takes another one when Policy is another
	Lease       time.Duration        // how long a function is kept without runs [30m]
	InitTimeout time.Duration        // longest init [5m]
	VolatileEnv []string             // more env keys that change with each activation; the same on clients and servers

	InFlight    int   // requests at once; with several tenants one gets as many as are left [4096]
	Queue       int   // runs of them that wait for a server; of one tenant as many as are left, and so half. Below 0: none [2048]
	Functions   int   // that are known at once [65536]
	MaxInitBody int64 // bytes [72 MiB]
	MaxRunBody  int64 // bytes [32 MiB]
	CodeCache   int64 // bytes of code kept on disk [4 GiB]
	BodyMemory  int64 // bytes of large bodies held in memory at once, of inits half of it at most; with several tenants one holds at most as much as it leaves free [288 MiB]

	QueueWait    time.Duration // longest that a run waits for a server, also bounded by its own time [10s]
	CheckEvery   time.Duration // between two health checks of a server [500ms]
	CheckTimeout time.Duration // a server that takes longer to answer one is not well [1s]

	Hosts Hosts // that come and go

	AccessLog bool // a line for each init, run and stop
	Log       *zap.Logger
}

// DefaultStateDir is /var/lib/whiskaway-loadbalancer for root and a folder in
// the user's home for anybody else.
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
	c.Listen = cmp.Or(c.Listen, "127.0.0.1:18080")
	c.StateDir = cmp.Or(c.StateDir, DefaultStateDir())
	if c.Custom != nil {
		c.Policy = cmp.Or(c.Policy, "custom")
	}
	c.Policy = cmp.Or(c.Policy, policy.Names()[0])
	c.Lease = cmp.Or(c.Lease, 30*time.Minute)
	c.InitTimeout = cmp.Or(c.InitTimeout, 5*time.Minute)
	c.InFlight = cmp.Or(c.InFlight, 4096)
	c.Queue = cmp.Or(c.Queue, 2048)
	c.QueueWait = cmp.Or(c.QueueWait, 10*time.Second)
	c.Functions = cmp.Or(c.Functions, 1<<16)
	c.MaxInitBody = cmp.Or(c.MaxInitBody, 72<<20)
	c.MaxRunBody = cmp.Or(c.MaxRunBody, 32<<20)
	c.CodeCache = cmp.Or(c.CodeCache, 4<<30)
	c.BodyMemory = cmp.Or(c.BodyMemory, 288<<20)
	c.CheckEvery = cmp.Or(c.CheckEvery, 500*time.Millisecond)
	c.CheckTimeout = cmp.Or(c.CheckTimeout, time.Second)
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
	case c.Lease < 0 || c.InitTimeout < 0 || c.QueueWait < 0 || c.CheckEvery < 0 || c.CheckTimeout < 0:
		return fmt.Errorf("%w: --lease, --max-init, --queue-wait, --check-every and --check-timeout must be times above 0", daemon.ErrConfig)
	case c.InFlight < 0 || c.Functions < 0 || c.CodeCache < 0 || c.MaxRunBody < 0 || c.MaxInitBody < 0 || c.BodyMemory < 0:
		return fmt.Errorf("%w: --in-flight, --functions, --code-cache, --max-run-body, --max-init-body and --body-memory must be above 0", daemon.ErrConfig)
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
		return nil, fmt.Errorf("%w: a policy of one's own cannot have the name of another, %q", daemon.ErrConfig, c.Policy)
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
		u, err := hop.ParseTarget(server, "http")
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
