package servermode

import (
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/host"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/native"
	"github.com/whiskaway/whiskaway/servermode/internal/launch"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// openState takes the server's folder and ends what an earlier server left running.
func (s *Server) openState() (err error) {
	if s.state, err = host.OpenState(s.cfg.StateDir); err != nil {
		return err
	}
	s.onStop(s.state.Close)
	if s.state.Renamed {
		s.log.Warn("the state folder's id was not legible and was replaced: processes that an earlier server left running cannot be found", zap.String("file", s.state.Path("id")))
	}
	return sandbox.Sweep(s.state.ID + ".")
}

// openLauncher finds out what the host can run.
func (s *Server) openLauncher() (err error) {
	c := s.cfg
	s.service.Launcher, err = launch.Open(launch.Config{
		State: s.state, Incarnation: s.incarnation, Store: s.service.Store, OOM: s.janitor.OOM, Log: s.log,
		StopGrace: func() time.Duration { return s.settings().StopGrace },
		Limits:    c.Limits.rlimits(), SharedMemory: c.SharedMemory, Keep: c.Keep, PassEnv: c.PassEnv, MaxResult: c.MaxResult,
		Archives: artifact.Limits{Bytes: c.MaxUnpacked, Files: c.MaxUnpackedFiles, Ratio: artifact.DefaultLimits.Ratio},
		Builds:   build.Config{AtOnce: int64(c.Builds), Timeout: c.BuildTimeout, MaxBytes: c.BuildCache},
		Kinds: launch.Kinds{
			Python: c.Python, UV: c.UV, HostPackages: c.HostPackages, Preload: c.Preload, NoFork: c.NoFork,
			Go: c.Go, Node: c.Node, NodeModules: c.NodeModules, Runtimes: c.Runtimes, Concurrency: c.Concurrency,
			Native: native.Kind{WaitForAck: c.NativeAck, Grace: c.NativeGrace, ExecutionEnv: c.NativeExecutionEnv},
		},
	})
	if err == nil {
		s.onStop(s.service.Launcher.Close)
	}
	return err
}

// adoptOrphans comes after the last program that is started without the sandbox.
func (s *Server) adoptOrphans() error {
	if !s.cfg.AdoptOrphans {
		return nil
	}
	orphans, err := sandbox.AdoptOrphans()
	if err != nil {
		return err
	}
	s.onStop(func() error { orphans.Close(); return nil })
	return nil
}

// openTraces starts to record spans, if the environment names a collector.
func (s *Server) openTraces() (err error) {
	s.tracer, err = trace.Open("whiskaway-servermode", s.incarnation, s.log)
	return err
}

// startJanitor starts the janitor.
func (s *Server) startJanitor() error {
	s.janitor.Start()
	s.onStop(s.janitor.Stop)
	return nil
}

// fit returns an error unless the host has what every init needs.
func (s *Server) fit() error {
	if err := host.TryOut(s.state.Dir); err != nil {
		return err
	}
	return s.service.Launcher.CheckKinds()
}
