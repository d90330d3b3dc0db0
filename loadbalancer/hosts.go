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
	Hook      string        `flag:"hosts-hook" group:"Hosts that come and go" holder:"COMMAND|URL" reload:"toggle" help:"Called to have one more host, or to end one that is drained: a program and its arguments (no shell, no quotes), or a URL that gets a POST. One balancer of a set has it."`
	TokenFile string        `flag:"hosts-token-file" type:"file" reload:"live" help:"File whose first token is sent to a hook that is a URL."`
	Min       int           `flag:"hosts-min" min:"0" reload:"live" help:"Hosts that there are at least."`
	Max       int           `flag:"hosts-max" min:"0" reload:"live" help:"Hosts that there are at most, well or not. A hook needs it."`
	Busy      int           `flag:"hosts-busy" default:"90" max:"100" reload:"live" help:"Percent of the slots in use from which on hosts are saturated."`
	UpAfter   time.Duration `flag:"hosts-up-after" default:"30s" reload:"live" help:"How long hosts are saturated before one more is requested."`
	DownAfter time.Duration `flag:"hosts-down-after" default:"10m" reload:"live" help:"How long a host has nothing to do before it is drained and ended."`
	CoolDown  time.Duration `flag:"hosts-cool-down" default:"3m" reload:"live" help:"Time from the start to the first action, and between two: longer than a host takes to come."`
	DrainFor  time.Duration `flag:"hosts-drain-for" default:"15m" reload:"live" help:"How long a host that is drained may have runs before it gets work again."`
	Timeout   time.Duration `flag:"hosts-timeout" default:"5m" reload:"live" help:"How long the hook may take."`
	Every     time.Duration `flag:"hosts-every" default:"5s" reload:"live" help:"Time between two looks at the servers."`
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

// startHosts has hosts come and go from now on, if the owner has a hook for it.
func (b *Balancer) startHosts() {
	if b.cfg.Hosts.Hook == "" {
		return
	}
	counted := b.saturated.Load()
	b.hosts = &autoscale.Keeper{
		Settings: b.hostSettings,
		Signals: func() autoscale.Signals {
			s, total := b.signals(), b.saturated.Load()
			s.Refused, counted = int(total-counted), total
			_, _, s.Waiting = b.state.Counts()
			return s
		},
		Drain:  func(h autoscale.Host) { b.carryOut(b.state.BeginScaleIn(h.Name, time.Now())) },
		Resume: func(h autoscale.Host) { b.carryOut(b.state.CancelScaleIn(h.Name)) },
		Ending: func(h autoscale.Host) bool { return b.state.ConfirmScaleIn(h.Name) },
		Acted:  b.metrics.Acted, Log: b.log,
	}
	b.metrics.Autoscale(b.hosts)
	b.hosts.Start(b.work, b.work.Go)
}

func (b *Balancer) hostSettings() autoscale.Settings {
	now := b.settings()
	h := now.Hosts
	return autoscale.Settings{
		Config: autoscale.Config{
			Min: h.Min, Max: h.Max, Busy: float64(h.Busy) / 100,
			UpAfter: h.UpAfter, DownAfter: h.DownAfter, CoolDown: h.CoolDown, DrainFor: h.DrainFor,
		},
		Hook: now.hook, Every: h.Every, Timeout: h.Timeout,
	}
}

// signals are all servers as they are believed to be. Where a server's report is
// stale, only what this balancer has sent there is known.
func (b *Balancer) signals() (s autoscale.Signals) {
	cfg, now := b.settings(), time.Now()
	fresh := now.Add(-cfg.CheckEvery - cfg.CheckTimeout) // a server that is well has said something since
	for _, v := range b.state.View(now) {
		load, queued, stale := v.Load, v.Reported.Queued, v.ReportedAt.Before(fresh)
		if stale {
			load, queued = v.Sent, 0
		}
		queued = max(queued, load-v.Slots)
		s.Hosts = append(s.Hosts, autoscale.Host{
			Name: v.Name, URL: v.URL, Ready: v.Available, Leaving: v.ScalingIn, Fixed: v.Fixed, Stale: stale,
			InFlight: max(0, load-queued), Slots: v.Slots, Queued: queued, Inits: v.Inits + v.Moving, // it still gets the runs of those that move
		})
	}
	return s
}
