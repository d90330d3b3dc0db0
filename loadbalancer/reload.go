package loadbalancer

import (
	"reflect"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/settings"
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
	effective := b.cfg
	restart := settings.Merge(&effective, cfg)
	effective.Custom = cfg.Custom
	if (b.cfg.Hosts.Hook == "") != (cfg.Hosts.Hook == "") {
		effective.Hosts = b.settings().Hosts // a hook that cannot be turned off keeps what it works with now
	}
	if err := effective.validate(); err != nil {
		return err
	}
	next, err := load(effective)
	if err != nil {
		return err
	}
	before := b.settings()
	b.live.Store(next)
	b.unfollow() // it works with what was before
	if before.token != next.token || !reflect.DeepEqual(before.trust, next.trust) {
		b.removeServers() // their connections are made with these
	}
	if (before.token == "") != (next.token == "") {
		b.forgetFunctions()
	}
	err = b.follow(next)
	b.mu.Lock()
	b.trusted = nil
	b.mu.Unlock()
	if err != nil {
		return err
	}
	if before.Policy != next.Policy {
		if err := b.applyPolicy(next.Config); err != nil {
			return err
		}
	}
	b.admission.max.Store(int64(next.InFlight))
	b.memory.limit(next.BodyMemory, next.Tokens.Several())
	b.mu.Lock()
	b.line.Limit(next.queueLimits())
	b.mu.Unlock()
	b.store.SetMaxBytes(next.CodeCache)
	if len(restart) > 0 {
		b.log.Warn("not changed: restart the balancer for it", zap.Strings("settings", restart))
	}
	return nil
}

// forgetFunctions has all functions initialised again: whether their requests
// name a tenant is no longer what it was.
func (b *Balancer) forgetFunctions() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.functions)
	clear(b.loading)
}
