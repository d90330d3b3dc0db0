package servermode

import (
	"context"
	"time"

	"github.com/whiskaway/whiskaway/internal/httpserver"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/activation"
	"github.com/whiskaway/whiskaway/servermode/internal/invoke"
)

// rememberFor is how long a run is remembered after its deadline: a repetition of it
// may be under way.
const rememberFor = 5 * time.Second

// run executes one activation. Its body is checked once and passed on as it came.
func (s *Server) run(c *call) error {
	o, err := c.Order(s.settings().RunTimeout)
	if err != nil {
		return err
	}
	body, err := c.Read(s.cfg.runLimit(), nil)
	if err != nil {
		return err
	}
	if err := runtimespec.CheckRun(body); err != nil {
		return err
	}
	id := activation.Key{Key: keyOf(o), ID: o.Activation}
	ctx, stop := s.service.Context(o.Limit, activation.Overdue{Limit: o.Limit})
	defer stop()
	// A request that names its server was sent before: it is joined or refused.
	again := o.Server != ""
	// The caller may repeat it for as long as it said, although the server allows
	// less time.
	forgottenAt := time.Now().Add(max(o.Said, o.Limit) + rememberFor)
	mine, first, err := s.service.Activations.Enter(ctx, id, forgottenAt, again)
	if err != nil {
		return err
	}
	left := httpserver.AfterFunc(c.Context(), func() { mine.CallerLeft(invoke.DisconnectGrace) })
	defer left()
	if !first {
		return s.join(ctx, c, mine)
	}
	a := s.answer(c)
	result, err := s.service.Run(mine.Context(), by(c), id, o.Lease, body, a)
	a.Leave()
	s.service.Activations.Finish(mine, result, err)
	if err != nil {
		return a.fail(err)
	}
	return a.finish(result)
}

// join answers a repeated activation with the outcome of the first. The first caller
// got its logs.
func (s *Server) join(ctx context.Context, c *call, running *activation.Run) error {
	a := s.answer(c)
	select {
	case <-running.Done():
	case <-ctx.Done():
		return a.fail(context.Cause(ctx))
	case <-c.Context().Done():
		return a.fail(activation.ErrCancelled)
	}
	result, err := running.Outcome()
	if err != nil {
		return a.fail(err)
	}
	return a.finish(result)
}
