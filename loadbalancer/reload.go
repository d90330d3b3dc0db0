package loadbalancer

import (
	"reflect"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// Reload takes a new configuration while the balancer serves, and reads the
// files again that it names. An error says what is wrong, and nothing has
// changed. What only a restart can change stays, and is named in the log. It is
// for a balancer that has been started.
func (b *Balancer) Reload(cfg Config) error {
	b.reloading.Lock()
	defer b.reloading.Unlock()
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return err
	}
	started := b.cfg
	started.Hosts = b.settings().Hosts // what cannot be turned off stays as it is now
	effective := started.with(cfg)
	if err := effective.validate(); err != nil {
		return err
	}
	next, err := load(effective)
	if err != nil {
		return err
	}
	before := b.settings()
	late := b.cfg.restarts(cfg)
	source, err := next.source(b.joined)
	if err != nil {
		return err
	}
	var chosen policy.Policy // nil: as it is
	if before.Policy != next.Policy {
		if chosen, err = next.newPolicy(); err != nil {
			return err
		}
	}
	b.live.Store(next)
	b.state.Configure(next.believed(chosen))
	b.backends.Unfollow() // it works with what was before
	if before.token != next.token || !reflect.DeepEqual(before.trust, next.trust) {
		b.backends.Drop() // their connections are made with these
	}
	if (before.token == "") != (next.token == "") {
		b.state.ForgetFunctions()
	}
	b.backends.Follow(source)
	b.state.ServersSettled()
	b.admission.max.Store(int64(next.InFlight))
	b.memory.limit(next.BodyMemory, next.Tokens.Several())
	b.store.SetMaxBytes(next.CodeCache)
	if len(late) > 0 {
		b.log.Warn("not changed: restart the balancer for it", zap.Strings("settings", late))
	}
	return nil
}

// with is what a balancer works with that was started with c and then got cfg.
func (c Config) with(cfg Config) Config {
	c.Servers, c.TokenFile, c.ServersTokenFile, c.ServersCA = cfg.Servers, cfg.TokenFile, cfg.ServersTokenFile, cfg.ServersCA
	c.JoinTokenFile = cfg.JoinTokenFile
	if (c.TLSCert == "") == (cfg.TLSCert == "") {
		c.TLSCert, c.TLSKey = cfg.TLSCert, cfg.TLSKey
	}
	c.Policy, c.Custom, c.Lease, c.InitTimeout = cfg.Policy, cfg.Custom, cfg.Lease, cfg.InitTimeout
	c.InFlight, c.Queue, c.QueueWait, c.Functions, c.CodeCache = cfg.InFlight, cfg.Queue, cfg.QueueWait, cfg.Functions, cfg.CodeCache
	c.MaxInitBody, c.MaxRunBody, c.BodyMemory = cfg.MaxInitBody, cfg.MaxRunBody, cfg.BodyMemory
	c.CheckEvery, c.CheckTimeout, c.AccessLog = cfg.CheckEvery, cfg.CheckTimeout, cfg.AccessLog
	if (c.Hosts.Hook == "") == (cfg.Hosts.Hook == "") {
		c.Hosts = cfg.Hosts
	}
	return c
}

// restarts names what cfg would have that c has not, for as long as it serves.
func (c Config) restarts(cfg Config) (names []string) {
	for _, setting := range []struct {
		name string
		same bool
	}{
		{"listen", c.Listen == cfg.Listen},
		{"state-dir", c.StateDir == cfg.StateDir},
		{"volatile-env", reflect.DeepEqual(c.VolatileEnv, cfg.VolatileEnv)},
		{"tls-cert", (c.TLSCert == "") == (cfg.TLSCert == "")},
		{"hosts-hook", (c.Hosts.Hook == "") == (cfg.Hosts.Hook == "")},
	} {
		if !setting.same {
			names = append(names, setting.name)
		}
	}
	return names
}
