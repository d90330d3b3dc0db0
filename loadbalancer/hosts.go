package loadbalancer

import (
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"time"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/autoscale"
)

// Hosts is when an owner's hook is called to have one more host or one less. The
// zero value of a field means its default, given in brackets.
type Hosts struct {
	Hook      string        // a program and its arguments, separated by white space, or a URL; empty: hosts are nobody's business here
	TokenFile string        // its first token is sent to a hook that is a URL
	Min, Max  int           // hosts that there may be, servers of whatever state [0, and Max has to be set]
	Busy      int           // percent of the slots in use from which on they are saturated [90]
	UpAfter   time.Duration // how long they are saturated before the hook is asked for one more [30s]
	DownAfter time.Duration // how long a host has nothing to do before it is drained and goes [10m]
	CoolDown  time.Duration // from the start to the first action, and between two [3m]
	DrainFor  time.Duration // the longest that one that goes may have runs [15m]
	Timeout   time.Duration // of the hook [5m]
	Every     time.Duration // between two looks [5s]
}

// checkHosts says what is wrong with them and what to do about it.
func (c Config) checkHosts() error {
	h := c.Hosts
	switch {
	case h.Hook == "" && (h.TokenFile != "" || h.Min != 0 || h.Max != 0):
		return fmt.Errorf("%w: --hosts-token-file, --hosts-min and --hosts-max are for a hook; set --hosts-hook", daemon.ErrConfig)
	case h.Hook == "":
		return nil
	case h.Max < 1 || h.Min < 0 || h.Min > h.Max:
		return fmt.Errorf("%w: a hook that rents hosts needs a bound: set --hosts-max to 1 or more, and --hosts-min to no more than that", daemon.ErrConfig)
	case h.Busy < 0 || h.Busy > 100:
		return fmt.Errorf("%w: --hosts-busy is percent of the slots, from 1 to 100", daemon.ErrConfig)
	case min(h.UpAfter, h.DownAfter, h.CoolDown, h.DrainFor, h.Timeout, h.Every) < 0:
		return fmt.Errorf("%w: --hosts-up-after, --hosts-down-after, --hosts-cool-down, --hosts-drain-for, --hosts-timeout and --hosts-every must be times above 0", daemon.ErrConfig)
	case !c.learnsServers():
		return fmt.Errorf("%w: a host that --hosts-hook starts would not be found: let servers join with --join-token-file, or set --server dns://NAME:PORT, srv://NAME or file:///PATH", daemon.ErrConfig)
	}
	if _, err := h.hook(""); err != nil {
		return fmt.Errorf("%w: --hosts-hook: %w", daemon.ErrConfig, err)
	}
	return nil
}

// learnsServers is whether a server can become a member without a reload.
func (c Config) learnsServers() bool {
	for _, server := range c.Servers {
		if scheme, _, ok := strings.Cut(server, "://"); ok && !strings.HasPrefix(strings.ToLower(scheme), "http") {
			return true
		}
	}
	return c.JoinTokenFile != ""
}

// hook is what has hosts come and go.
func (h Hosts) hook(token string) (autoscale.Hook, error) {
	if strings.HasPrefix(h.Hook, "http://") || strings.HasPrefix(h.Hook, "https://") {
		u, err := url.Parse(h.Hook)
		if err != nil {
			return nil, err
		}
		if u.Hostname() == "" || u.User != nil || u.Fragment != "" {
			return nil, fmt.Errorf("%.100q: want http://HOST:PORT/PATH; a token is for --hosts-token-file", h.Hook)
		}
		return autoscale.Post{URL: u, Token: token}, nil
	}
	if h.TokenFile != "" {
		return nil, errors.New("--hosts-token-file is for a hook that is a URL")
	}
	argv := strings.Fields(h.Hook)
	if len(argv) == 0 {
		return nil, errors.New("it names no program")
	}
	if _, err := exec.LookPath(argv[0]); err != nil {
		return nil, err
	}
	return autoscale.Command(argv), nil
}

// loadHook makes the hook with its token.
func (l *live) loadHook() (err error) {
	if l.Hosts.Hook == "" {
		return nil
	}
	secret := ""
	if l.Hosts.TokenFile != "" {
		if secret, err = token.First(l.Hosts.TokenFile); err != nil {
			return fmt.Errorf("%w: --hosts-token-file: %w", daemon.ErrConfig, err)
		}
	}
	l.hook, err = l.Hosts.hook(secret)
	return err
}
