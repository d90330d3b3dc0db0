// Package plain is the platform's own dialect. It serves callers without our headers
// as a classic runtime container would: each tenant has one slot for one function,
// and logs go to the server's own streams, with a sentinel on each after every
// activation. Requests of browsers are refused, because without our headers nothing
// keeps a foreign web page from sending code to loopback.
package plain

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math"
	"net/http"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/internal/sentinel"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/activation"
	"github.com/whiskaway/whiskaway/servermode/internal/invoke"
	"github.com/whiskaway/whiskaway/servermode/internal/outcome"
)

// Dialect answers plain callers.
type Dialect struct {
	service    *invoke.Service
	streams    *sentinel.Streams
	container  map[string]string // the server's own __OW_* variables
	concurrent bool
	slots      slots
	inits      *activation.Table // in flight, by tenant, body and slot
}

// New returns the dialect of a server with an environment and its own streams.
func New(s *invoke.Service, environ []string, stdout, stderr io.Writer) *Dialect {
	container := runtimespec.ContainerEnv(environ, s.VolatileEnv)
	return &Dialect{
		service: s, streams: sentinel.New(stdout, stderr),
		container: container, concurrent: runtimespec.AllowsConcurrent(container),
		slots: slots{taken: map[string]*slot{}}, inits: activation.New(math.MaxInt, 0, outcome.Remembered),
	}
}

// These are the texts of classic runtimes, word for word.
var (
	errTwice    = refusal.New(runtimespec.Forbidden, "Cannot initialize the action more than once.")
	errNoCode   = refusal.New(runtimespec.Forbidden, "Missing main/no code to execute.")
	errNotReady = refusal.New(runtimespec.Forbidden, "System not ready, status is running.")
	errNoAction = refusal.New("", "no action defined yet")
)

// Waiting returns how many callers wait for inits in flight.
func (d *Dialect) Waiting() int { return d.inits.Callers() }

// Init fills the tenant's slot. A failed init ends with sentinels, because its logs
// are collected. A successful one does not.
func (d *Dialect) Init(c *endpoint.Call, body []byte, read func()) error {
	longest := d.service.Settings().InitTimeout
	ctx, stop := d.service.Context(longest, activation.Overdue{Limit: longest, Init: true})
	defer stop()
	mine, current, first := d.enterInit(ctx, c.Tenant, sha256.Sum256(body))
	if current == nil {
		logs := d.log(c)
		logs.complain(errTwice)
		logs.flush()
		return d.refuse(c, errTwice)
	}
	defer context.AfterFunc(c.Context(), func() { current.CallerLeft(invoke.DisconnectGrace) })()
	if first {
		logs := d.log(c)
		a, err := d.initialize(current.Context(), c, mine.lease, body, read, logs)
		if err = d.settle(c.Tenant, mine, a.Key, err); err != nil {
			logs.end()
		} else {
			d.service.Log.Info("function is ready for plain callers", zap.String("function", a.Key.Identity.Short()), zap.String("tenant", c.Tenant))
			logs.flush()
		}
		d.inits.Finish(current, []byte(`{"ok":true}`), err)
	}
	return d.answer(c, current)
}

// initialize finds out which action is meant, keeps its code and makes it ready.
func (d *Dialect) initialize(ctx context.Context, c *endpoint.Call, lease string, body []byte, read func(), logs *log) (a invoke.Action, err error) {
	init, err := runtimespec.ParseInit(body)
	if err == nil && !init.HasCode {
		err = errNoCode
	}
	now := d.service.Settings()
	if err == nil {
		err = d.service.Launcher.Kinds.Check(now.PlainKind)
	}
	if err == nil {
		a, err = d.service.Describe(by(c), init, init.Digest(), now.PlainKind, d.container)
	}
	if err != nil {
		logs.complain(err)
		return a, err
	}
	left, limit := invoke.UntilDeadline(init.Deadline(), now.InitTimeout)
	read()
	ctx, cancel := context.WithTimeoutCause(ctx, invoke.InitTime(left), activation.Overdue{Limit: limit, Init: true})
	defer cancel()
	defer logs.Leave()
	return a, d.service.Init(ctx, a, lease, logs)
}

// Run executes one activation. An activation that is refused because another is
// running gets no sentinel, because that would end the other's log.
func (d *Dialect) Run(c *endpoint.Call, body []byte) error {
	said := runtimespec.SkimRun(body)
	c.Span.Text("faas.invocation_id", said.ID)
	left, limit := invoke.UntilDeadline(said.Deadline, d.service.Settings().RunTimeout)
	ctx, stop := d.service.Context(left, activation.Overdue{Limit: limit})
	defer stop()
	in, current, first, err := d.enterRun(ctx, c.Tenant, said.ID)
	switch {
	case in == nil:
		d.log(c).end()
		return d.refuse(c, errNoAction)
	case errors.Is(err, activation.ErrFull):
		d.log(c).end()
		return d.refuse(c, err)
	case current == nil:
		return d.refuse(c, errNotReady)
	}
	defer context.AfterFunc(c.Context(), func() { current.CallerLeft(invoke.DisconnectGrace) })()
	if first {
		logs := d.log(c)
		result, err := d.perform(current.Context(), c, in, said.ID, body, logs)
		logs.end()
		d.leaveRun(in, current, result, err)
	}
	return d.answer(c, current)
}

func (d *Dialect) perform(ctx context.Context, c *endpoint.Call, in *slot, id string, body []byte, logs *log) ([]byte, error) {
	if err := runtimespec.CheckRun(body); err != nil {
		return nil, err
	}
	defer logs.Leave()
	return outcome.Foreign(d.service.Run(ctx, by(c), activation.Key{Key: in.key, ID: id}, in.lease, body, logs))
}

// answer waits for a run and answers a caller, unless the caller hangs up first.
func (d *Dialect) answer(c *endpoint.Call, run *activation.Run) error {
	select {
	case <-run.Done():
	case <-c.Context().Done():
		return nil
	}
	result, err := run.Outcome()
	if err != nil {
		return d.refuse(c, err)
	}
	c.Answer(http.StatusOK, result)
	return nil
}

// by returns the caller of a request.
func by(c *endpoint.Call) invoke.Caller {
	return invoke.Caller{Tenant: c.Tenant, Span: c.Span, Trace: c.Onward().Trace}
}

// refuse answers with an error as a classic runtime does. It answers no 503, because
// the platform would send the activation again, or lose it.
func (d *Dialect) refuse(c *endpoint.Call, err error) error {
	r := c.Note(err)
	status := r.Reason.Status()
	if status == http.StatusServiceUnavailable {
		status = http.StatusBadGateway
	}
	c.Answer(status, r.Body())
	return nil
}

// log returns the log of a new activation.
func (d *Dialect) log(c *endpoint.Call) *log {
	return &log{
		Stages: invoke.Stages{Of: c.Span}, budget: invoke.LogBudget{Max: d.service.MaxLog},
		to: d.streams.Activation(d.concurrent || d.service.Settings().ManyTenants),
	}
}
