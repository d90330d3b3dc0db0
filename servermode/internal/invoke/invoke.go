// Package invoke does what every dialect asks for: it makes an action known and
// ready, and executes its activations. It computes how much of a deadline may be
// used, bounds logs, and logs failed runs for the owner. It knows no HTTP.
package invoke

import (
	"bytes"
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/codestore"
	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/activation"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/launch"
	"github.com/whiskaway/whiskaway/servermode/internal/outcome"
)

// DisconnectGrace is how long a run goes on after its last caller's connection
// broke. A caller that means to cancel says so.
const DisconnectGrace = 2 * time.Second

// Settings are what a reload may change.
type Settings struct {
	InitTimeout, RunTimeout time.Duration // the longest
	Bounds                  launch.Bounds
	PlainKind               string // of plain callers' functions; empty: sniffed
	ManyTenants             bool
}

// Service initializes and runs the actions of one server.
type Service struct {
	Table       *function.Table
	Activations *activation.Table
	Launcher    *launch.Launcher
	Store       *codestore.Store
	Log         *zap.Logger
	Settings    func() Settings // as now configured
	VolatileEnv []string        // env keys that are no part of a function's identity
	MaxLog      int             // bytes of logs per activation

	base     context.Context // ends when runs are to be killed
	end      context.CancelCauseFunc
	failures *failureLog
}

// New makes a service of its parts. Launcher and Store may be set later.
func New(s Service) *Service {
	s.base, s.end = context.WithCancelCause(context.Background())
	s.failures = newFailureLog()
	return &s
}

// Kill ends the inits and runs that are left.
func (s *Service) Kill() { s.end(activation.ErrShutdown) }

// Context returns the context of an init or a run. It ends at the time limit or with
// the server; stop cancels it.
func (s *Service) Context(limit time.Duration, late activation.Overdue) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(s.base)
	timer := time.AfterFunc(limit, func() { cancel(late) })
	return ctx, func() { timer.Stop(); cancel(activation.ErrCancelled) }
}

// Caller is the source of a request.
type Caller struct {
	Tenant string
	Span   trace.Span        // of the request; none where traces are off
	Trace  runtimespec.Trace // for what the request leads to
}

// Init makes an action ready, and keeps it under a lease.
func (s *Service) Init(ctx context.Context, a Action, lease string, sink function.Sink) error {
	return s.Table.Init(ctx, a.Key, lease, a.Info, s.Launcher.Program(a.Key.Tenant, a.Spec), sink)
}

// Run executes one activation, and logs its failure. It writes a hint for the author
// to sink. It may change body.
func (s *Service) Run(ctx context.Context, by Caller, key activation.Key, lease string, body []byte, sink function.Sink) ([]byte, error) {
	if by.Span.On() {
		by.Span.Text("faas.name", s.Table.Info(key.Key).Name)
	}
	result, err := s.Table.Run(ctx, key.Key, lease, asLine(by.Trace.Into(body)), sink)
	result, err = outcome.Result(result, s.Launcher.Explain(err))
	s.Launcher.HintAt(result, sink)
	s.logFailure(by, key, result, err)
	return result, err
}

// asLine makes a body one line. A newline in JSON is white space, never part of a
// string.
func asLine(body []byte) []byte {
	for _, b := range []byte("\r\n") {
		for rest := body; ; {
			at := bytes.IndexByte(rest, b)
			if at < 0 {
				break
			}
			rest[at] = ' '
			rest = rest[at+1:]
		}
	}
	return append(body, '\n')
}
