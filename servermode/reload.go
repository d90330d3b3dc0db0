package servermode

import (
	"reflect"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// Reload takes a new configuration while the server serves, and reads the files
// again that it names. An error says what is wrong, and nothing has changed.
// What only a restart can change stays, and is named in the log. It is for a
// server that has been started.
func (s *Server) Reload(cfg Config) error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return err
	}
	effective := s.cfg.with(cfg)
	if err := effective.validate(); err != nil { // the old address and no token any more, say
		return err
	}
	next, err := s.load(effective)
	if err != nil {
		return err
	}
	late := s.cfg.restarts(cfg)
	s.service.Table.Configure(s.tableConfig(next))
	s.service.Activations.SetLimits(effective.Activations, effective.ResultCache)
	s.service.Store.SetMaxBytes(effective.CodeCache)
	s.service.Launcher.Builder.SetMaxBytes(effective.BuildCache)
	s.live.Store(next)
	if len(late) > 0 {
		s.log.Warn("not changed: restart the server for it", zap.Strings("settings", late))
	}
	return nil
}

// with returns the settings of a server that was started with c and then got cfg.
func (c Config) with(cfg Config) Config {
	c.TokenFile = cfg.TokenFile
	if !tlsToggled(c, cfg) {
		c.TLSCert, c.TLSKey = cfg.TLSCert, cfg.TLSKey
	}
	c.KeepAlive, c.Lease, c.Instances, c.Queue = cfg.KeepAlive, cfg.Lease, cfg.Instances, cfg.Queue
	c.MaxInstances, c.MaxKeepAlive, c.Processes, c.Starts = cfg.MaxInstances, cfg.MaxKeepAlive, cfg.Processes, cfg.Starts
	c.GrowAfter, c.QueueTotal, c.MemoryReserve = cfg.GrowAfter, cfg.QueueTotal, cfg.MemoryReserve
	c.Activations, c.ResultCache, c.StopGrace = cfg.Activations, cfg.ResultCache, cfg.StopGrace
	c.InitTimeout, c.RunTimeout = cfg.InitTimeout, cfg.RunTimeout
	c.CodeCache, c.BuildCache = cfg.CodeCache, cfg.BuildCache
	c.PlainKind = cfg.PlainKind
	return c
}

// tlsToggled tells HTTP from HTTPS: a listener cannot become the other.
func tlsToggled(c, cfg Config) bool { return (c.TLSCert == "") != (cfg.TLSCert == "") }

// tableConfig returns the owner's settings for functions.
func (s *Server) tableConfig(c *live) function.Config {
	return function.Config{
		Instances: c.Instances, Queue: c.Queue, QueueTotal: c.QueueTotal, Processes: c.Processes, Starts: c.Starts,
		KeepAlive: c.KeepAlive, Lease: c.Lease, GrowAfter: c.GrowAfter, StartTime: c.InitTimeout,
		CPUs: slots(), Tenants: c.Tokens.Several(), Memory: s.memory.Read, Observer: s.metrics,
	}
}

// settingsOf are settings by the names of their flags.
type settingsOf []struct {
	name  string
	value func(Config) any
}

// fixedSettings are those that only a restart changes.
var fixedSettings = settingsOf{
	{"listen", func(c Config) any { return c.Listen }},
	{"join", func(c Config) any { return c.Join }},
	{"join-token-file", func(c Config) any { return c.JoinTokenFile }},
	{"join-ca", func(c Config) any { return c.JoinCA }},
	{"advertise", func(c Config) any { return c.Advertise }},
	{"tunnel", func(c Config) any { return c.Tunnel }},
	{"state-dir", func(c Config) any { return c.StateDir }},
	{"python", func(c Config) any { return c.Python }},
	{"preload", func(c Config) any { return c.Preload }},
	{"no-fork", func(c Config) any { return c.NoFork }},
	{"uv", func(c Config) any { return c.UV }},
	{"host-packages", func(c Config) any { return c.HostPackages }},
	{"shm-size", func(c Config) any { return c.SharedMemory }},
	{"keep", func(c Config) any { return c.Keep }},
	{"max-unpacked", func(c Config) any { return c.MaxUnpacked }},
	{"max-unpacked-files", func(c Config) any { return c.MaxUnpackedFiles }},
	{"go", func(c Config) any { return c.Go }},
	{"node", func(c Config) any { return c.Node }},
	{"node-modules", func(c Config) any { return c.NodeModules }},
	{"native-ack", func(c Config) any { return c.NativeAck }},
	{"native-grace", func(c Config) any { return c.NativeGrace }},
	{"native-execution-env", func(c Config) any { return c.NativeExecutionEnv }},
	{"runtime", func(c Config) any { return c.Runtimes }},
	{"pass-env", func(c Config) any { return c.PassEnv }},
	{"volatile-env", func(c Config) any { return c.VolatileEnv }},
	{"slots", func(c Config) any { return c.Slots }},
	{"concurrency", func(c Config) any { return c.Concurrency }},
	{"allow-shared-user", func(c Config) any { return c.AllowSharedUser }},
	{"builds", func(c Config) any { return c.Builds }},
	{"build-timeout", func(c Config) any { return c.BuildTimeout }},
	{"max-files", func(c Config) any { return c.Limits.Files }},
	{"max-processes", func(c Config) any { return c.Limits.Processes }},
	{"max-file-size", func(c Config) any { return c.Limits.FileSize }},
	{"max-init-body", func(c Config) any { return c.MaxInitBody }},
	{"max-run-body", func(c Config) any { return c.MaxRunBody }},
	{"max-result", func(c Config) any { return c.MaxResult }},
	{"max-log", func(c Config) any { return c.MaxLog }},
	{"memory for uploads", func(c Config) any { return c.UploadBudget }},
}

// restarts names what cfg would have that c has not, for as long as it serves.
func (c Config) restarts(cfg Config) []string {
	names := fixedSettings.changed(c, cfg)
	if tlsToggled(c, cfg) {
		names = append(names, "tls-cert", "tls-key")
	}
	return names
}

func (all settingsOf) changed(from, to Config) (names []string) {
	for _, setting := range all {
		if !reflect.DeepEqual(setting.value(from), setting.value(to)) {
			names = append(names, setting.name)
		}
	}
	return names
}
