package servermode

import (
	"context"
	"crypto/sha256"
	"math"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/sentinel"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// plain is the platform's own dialect: to a caller without headers of ours the
// server is one classic runtime container, which is given one function, writes
// its logs to its own streams and a sentinel on each after every activation.
type plain struct {
	server     *Server
	streams    *sentinel.Streams
	container  map[string]string // the server's own __OW_* variables
	concurrent bool
	slots      plainSlots
	inits      *activations // in flight, by tenant, body and slot
}

func newPlain(s *Server) *plain {
	container := runtimespec.ContainerEnv(s.cfg.Environ, s.cfg.VolatileEnv)
	return &plain{
		server: s, streams: sentinel.New(s.cfg.Stdout, s.cfg.Stderr),
		container: container, concurrent: runtimespec.AllowsConcurrent(container),
		slots: plainSlots{taken: map[string]*slot{}}, inits: newActivations(math.MaxInt, 0),
	}
}

// What classic runtimes say, word for word.
var (
	errTwice    = refusal(runtimespec.Forbidden, "Cannot initialize the action more than once.")
	errNoCode   = refusal(runtimespec.Forbidden, "Missing main/no code to execute.")
	errNotReady = refusal(runtimespec.Forbidden, "System not ready, status is running.")
	errNoAction = refusal("", "no action defined yet")
)

// init fills the tenant's slot. A failed one ends with sentinels, because its
// logs are collected; a successful one does not.
func (p *plain) init(c *call, body []byte, read func()) error {
	ctx, stop := p.server.context(p.server.settings().InitTimeout, overdue{limit: p.server.settings().InitTimeout, init: true})
	defer stop()
	mine, current, first := p.enterInit(ctx, c.Tenant, sha256.Sum256(body))
	if current == nil {
		logs := p.log(c)
		logs.complain(errTwice)
		logs.flush()
		return p.refuse(c, errTwice)
	}
	defer context.AfterFunc(c.Context(), func() { p.inits.left(initKey(c.Tenant, mine), current, disconnectGrace) })()
	if first {
		logs := p.log(c)
		key, err := p.initialise(current.ctx, c, mine.lease, body, read, logs)
		if err = p.settle(c.Tenant, mine, key, err); err != nil {
			logs.end()
		} else {
			p.server.log.Info("function is ready for plain callers", zap.String("function", key.Identity.Short()), zap.String("tenant", c.Tenant))
			logs.flush()
		}
		p.inits.leave(initKey(c.Tenant, mine), current, []byte(`{"ok":true}`), err)
	}
	return p.answer(c, current)
}

// initialise finds out which function is meant, keeps its code and makes it
// ready.
func (p *plain) initialise(ctx context.Context, c *call, lease string, body []byte, read func(), logs *plainLog) (key function.Key, err error) {
	init, err := runtimespec.ParseInit(body)
	if err == nil && !init.HasCode {
		err = errNoCode
	}
	kind := p.server.settings().PlainKind
	if err == nil {
		err = p.server.kinds.Check(kind)
	}
	var spec runtimespec.Function
	var info function.Info
	if err == nil {
		spec, info, err = p.server.understand(c, init, kind, p.container)
	}
	if err != nil {
		logs.complain(err)
		return key, err
	}
	limit := within(init.Deadline(), p.server.settings().InitTimeout)
	read()
	late := overdue{limit: limitOf(init.Deadline(), p.server.settings().InitTimeout), init: true}
	ctx, cancel := context.WithTimeoutCause(ctx, limit-min(initMargin, limit/10), late)
	defer cancel()
	key = function.Key{Tenant: c.Tenant, Identity: spec.Identity()}
	defer logs.leave()
	return key, p.server.table.Init(ctx, key, lease, info, p.server.programOf(c.Tenant, spec), logs)
}

// run executes one activation. What is refused because another one is running
// gets no sentinel: it would end that one's log.
func (p *plain) run(c *call, body []byte) error {
	activation := runtimespec.SkimRun(body)
	c.Span.Text("faas.invocation_id", activation.ID)
	longest := p.server.settings().RunTimeout
	ctx, stop := p.server.context(within(activation.Deadline, longest), overdue{limit: limitOf(activation.Deadline, longest)})
	defer stop()
	in, current, first, err := p.enterRun(ctx, c.Tenant, activation.ID)
	switch {
	case in == nil:
		p.log(c).end()
		return p.refuse(c, errNoAction)
	case err == errTableFull:
		p.log(c).end()
		return p.refuse(c, err)
	case current == nil:
		return p.refuse(c, errNotReady)
	}
	id := activationKey{in.key, activation.ID}
	defer context.AfterFunc(c.Context(), func() { p.server.activations.left(id, current, disconnectGrace) })()
	if first {
		logs := p.log(c)
		result, err := p.perform(current.ctx, c, in, id, body, logs)
		logs.end()
		p.leaveRun(in, activation.ID, current, result, err)
	}
	return p.answer(c, current)
}

func (p *plain) perform(ctx context.Context, c *call, in *slot, id activationKey, body []byte, logs *plainLog) ([]byte, error) {
	if err := runtimespec.CheckRun(body); err != nil {
		return nil, err
	}
	defer logs.leave()
	result, err := p.server.table.Run(ctx, in.key, in.lease, p.server.line(c, in.key, body), logs)
	return foreign(p.server.outcome(c, id, logs, result, err))
}

// answer waits for work and answers a caller, unless it hangs up before.
func (p *plain) answer(c *call, work *activation) error {
	select {
	case <-work.done:
	case <-c.Context().Done():
		return nil
	}
	if work.err != nil {
		return p.refuse(c, work.err)
	}
	c.Answer(http.StatusOK, work.result)
	return nil
}

// refuse answers with an error as a classic runtime does. A 503 would make the
// platform send the activation again, or lose it.
func (p *plain) refuse(c *call, err error) error {
	r := c.Note(err)
	status := r.Reason.Status()
	if status == http.StatusServiceUnavailable {
		status = http.StatusBadGateway
	}
	c.Answer(status, r.Body())
	return nil
}

// margin is kept off a deadline, so that the answer arrives before it.
const margin = 50 * time.Millisecond

// within is the time until a deadline of the platform's, at most longest. One
// that is over shows clocks that disagree, and is not believed.
func within(deadline time.Time, longest time.Duration) time.Duration {
	left := time.Until(deadline)
	if left <= 0 {
		return longest
	}
	return min(left-min(margin, left/10), longest)
}

// log is a new activation's.
func (p *plain) log(c *call) *plainLog {
	return &plainLog{stages: stages{of: c.Span}, to: p.streams.Activation(p.concurrent || p.server.settings().Tokens.Several()), max: p.server.cfg.MaxLog}
}
