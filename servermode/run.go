package servermode

import (
	"context"
	"time"

	"github.com/whiskaway/whiskaway/internal/front"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/activation"
	"github.com/whiskaway/whiskaway/servermode/internal/invoke"
)

// rememberFor is how long after its deadline a run is remembered: a repetition
// may have been under way.
const rememberFor = 5 * time.Second

// run executes one activation. The body passes through as it came, checked
// once.
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
	// With its server named, it was sent before: it is joined or refused.
	again := o.Server != ""
	// Its caller may ask again for as long as it said, although the server allows less.
	forgottenAt := time.Now().Add(max(o.Said, o.Limit) + rememberFor)
	mine, first, err := s.service.Activations.Enter(ctx, id, forgottenAt, again)
	if err != nil {
		return err
	}
	left := front.AfterFunc(c.Context(), func() { mine.CallerLeft(invoke.DisconnectGrace) })
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

// join answers a repeated activation with the outcome of the first one.
// Its logs went to the first caller.
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
