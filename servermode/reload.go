package servermode

import (
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/settings"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// Reload takes a new configuration while the server serves, and reads the files that
// it names again. An error says what is wrong; then nothing has changed. A setting
// that only a restart can change stays, and the log names it. The server must have
// been started.
func (s *Server) Reload(cfg Config) error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return err
	}
	effective := s.cfg
	restart := settings.Merge(&effective, cfg)
	if err := effective.validate(); err != nil { // the old address without a token, say
		return err
	}
	next, err := s.readLive(effective)
	if err != nil {
		return err
	}
	s.service.Table.Configure(s.tableConfig(next))
	s.service.Activations.SetLimits(effective.Activations, effective.ResultCache)
	s.service.Store.SetMaxBytes(effective.CodeCache)
	s.service.Launcher.Builder.SetMaxBytes(effective.BuildCache)
	s.live.Store(next)
	if len(restart) > 0 {
		s.log.Warn("not changed: restart the server for it", zap.Strings("settings", restart))
	}
	return nil
}

// tableConfig returns the owner's settings for functions.
func (s *Server) tableConfig(c *live) function.Config {
	return function.Config{
		Instances: c.Instances, Queue: c.Queue, QueueTotal: c.QueueTotal, Processes: c.Processes, Starts: c.Starts,
		KeepAlive: c.KeepAlive, Lease: c.Lease, GrowAfter: c.GrowAfter, StartTime: c.InitTimeout,
		CPUs: slots(), Tenants: c.Tokens.Several(), Memory: s.memory.Read, Observer: s.metrics,
	}
}
