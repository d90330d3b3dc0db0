package servermode

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/whiskaway/whiskaway/internal/codestore"
	"github.com/whiskaway/whiskaway/internal/front"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

// disconnectGrace is how long a run goes on after its last caller's connection
// broke: a caller that means to cancel says so.
const disconnectGrace = 2 * time.Second

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
	key := keyOf(o)
	id := activationKey{key, o.Activation}
	ctx, stop := s.context(o.Limit, overdue{limit: o.Limit})
	defer stop()
	// With its server named, it was sent before: it is joined or refused.
	again := o.Server != ""
	// Its caller may ask again for as long as it said, although the server allows less.
	forgottenAt := time.Now().Add(max(o.Said, o.Limit) + rememberFor)
	mine, first, err := s.activations.enter(ctx, id, forgottenAt, again)
	if err != nil {
		return err
	}
	left := front.AfterFunc(c.Context(), func() { s.activations.left(id, mine, disconnectGrace) })
	defer left()
	if !first {
		return s.join(ctx, c, mine)
	}
	a := s.answer(c)
	result, err := s.table.Run(mine.ctx, key, o.Lease, s.line(c, key, body), a)
	a.leave()
	result, err = s.outcome(c, id, a, result, err)
	s.activations.leave(id, mine, result, err)
	if err != nil {
		return a.fail(err)
	}
	return a.finish(result)
}

// join answers a repeated activation with the outcome of the first one.
// Its logs went to the first caller.
func (s *Server) join(ctx context.Context, c *call, running *activation) error {
	a := s.answer(c)
	select {
	case <-running.done:
	case <-ctx.Done():
		return a.fail(context.Cause(ctx))
	case <-c.Context().Done():
		return a.fail(errCancelled)
	}
	if running.err != nil {
		return a.fail(running.err)
	}
	return a.finish(running.result)
}

// outcome is what a process's line, or its failure, means to OpenWhisk. A failure
// is logged; what helps the author with it goes to sink.
func (s *Server) outcome(c *call, of activationKey, sink function.Sink, result []byte, err error) ([]byte, error) {
	result, err = meaning(result, s.explain(err))
	s.hintAt(result, sink)
	s.logFailure(c, of.Key, of.id, result, err)
	return result, err
}

func meaning(result []byte, err error) ([]byte, error) {
	switch {
	case errors.Is(err, process.ErrTooLarge): // an application error, as the platform has it
		return tooLarge(err, " (--max-result)"), nil
	case errors.Is(err, codestore.ErrMissing): // evicted from the cache since the init
		return nil, refusal(runtimespec.UnknownFunction, "the function's code is no longer cached: init it again")
	case err != nil:
		return nil, err
	case !runtimespec.CheckResult(result):
		return nil, refusal(runtimespec.BadResult, "The action did not return a dictionary or array.")
	}
	return result, nil
}

// asLine makes a body one line: a newline in JSON is white space, never part
// of a string.
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
