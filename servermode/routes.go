package servermode

import (
	"net/http"

	"go.uber.org/zap/zapcore"

	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/internal/web"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/outcome"
)

// call is one authenticated request.
type call = endpoint.Call

// routes is the server's HTTP face. Everything but the probes needs a token.
func (s *Server) routes() http.Handler {
	s.endpoint = endpoint.New(endpoint.Config{
		Service: outcome.Service, ID: s.incarnation, Log: s.log, Tracer: s.tracer,
		Tokens: func() token.Set { return s.settings().Tokens },
		Load:   s.busy, Admit: s.admit, Sort: outcome.Refusal, Level: levelOf,
	})
	e, handle := s.endpoint.Echo(), s.endpoint.Handle
	e.GET(runtimespec.PathHealth, web.Health)
	e.GET(runtimespec.PathReady, s.ready)
	e.POST(runtimespec.PathInit, handle(either(s.init, s.foreignInit)))
	e.POST(runtimespec.PathRun, handle(either(s.run, s.foreignRun)))
	e.POST(runtimespec.PathStop, handle(either(s.stopLease, s.foreignStop)))
	e.GET(runtimespec.PathFunctions, handle(s.functions))
	e.GET(pathMetrics, handle(s.showMetrics))
	return e
}

func (s *Server) busy() runtimespec.Load {
	load := s.service.Table.Load()
	return runtimespec.Load{InFlight: int(load.InFlight.Load()), Queued: int(load.Queued.Load()), Slots: s.cfg.Slots, Changes: s.changes(), CPU: -1}
}

// mostChanges is where the count of changes wraps: load reports carry small numbers.
const mostChanges = 1 << 30

// changes returns a number that differs after each change of the inventory, never 0.
func (s *Server) changes() int { return 1 + int(s.service.Table.Changes()%mostChanges) }

// admit refuses a request that is meant for another server.
func (s *Server) admit(c *call) error {
	c.Span.Text("faas.instance", s.incarnation)
	if want := c.HeaderValue(runtimespec.HeaderServer); want != "" && want != s.incarnation {
		return refusal.New(runtimespec.WrongServer, "this is another server than the request was meant for, or it was restarted")
	}
	return nil
}

// levelOf raises the log level of refusals that are the server's own fault.
func levelOf(_ *call, reason runtimespec.Reason) zapcore.Level {
	switch reason {
	case runtimespec.Internal, runtimespec.StartFailed, runtimespec.HostFailed:
		return zapcore.ErrorLevel
	}
	return zapcore.DebugLevel
}

// keyOf returns the function that an init or a run is for.
func keyOf(o endpoint.Order) function.Key {
	return function.Key{Tenant: o.Tenant, Identity: o.Function}
}

func (c Config) initLimit() endpoint.BodyLimit {
	return endpoint.BodyLimit{Bytes: c.MaxInitBody, Flag: "--max-init-body"}
}
func (c Config) runLimit() endpoint.BodyLimit {
	return endpoint.BodyLimit{Bytes: c.MaxRunBody, Flag: "--max-run-body"}
}
