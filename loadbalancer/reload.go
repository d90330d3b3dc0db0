package loadbalancer

import (
	"reflect"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/settings"
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
	b.requests.Max.Store(int64(next.InFlight))
	b.memory.Limit(next.BodyMemory, next.Tokens.Several())
	b.dir.Code.SetMaxBytes(next.CodeCache)
	if len(restart) > 0 {
		b.log.Warn("not changed: restart the balancer for it", zap.Strings("settings", restart))
	}
	return nil
}
