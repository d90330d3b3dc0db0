package servermode

import (
	"bytes"
	"context"
	"time"

	"github.com/whiskaway/whiskaway/internal/front"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/activation"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/outcome"
)

// disconnectGrace is how long a run goes on after its last caller's connection
// broke: a caller that means to cancel says so.
const disconnectGrace = 2 * time.Second

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
	key := keyOf(o)
	id := activation.Key{Key: key, ID: o.Activation}
	ctx, stop := s.context(o.Limit, activation.Overdue{Limit: o.Limit})
	defer stop()
	// With its server named, it was sent before: it is joined or refused.
	again := o.Server != ""
	// Its caller may ask again for as long as it said, although the server allows less.
	forgottenAt := time.Now().Add(max(o.Said, o.Limit) + rememberFor)
	mine, first, err := s.activations.Enter(ctx, id, forgottenAt, again)
	if err != nil {
		return err
	}
	left := front.AfterFunc(c.Context(), func() { mine.CallerLeft(disconnectGrace) })
	defer left()
	if !first {
		return s.join(ctx, c, mine)
	}
	a := s.answer(c)
	result, err := s.table.Run(mine.Context(), key, o.Lease, s.line(c, key, body), a)
	a.leave()
	result, err = s.outcome(c, id, a, result, err)
	s.activations.Finish(mine, result, err)
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

// outcome is what a process's line, or its failure, means to OpenWhisk. A failure
// is logged; what helps the author with it goes to sink.
func (s *Server) outcome(c *call, of activation.Key, sink function.Sink, result []byte, err error) ([]byte, error) {
	result, err = outcome.Result(result, s.launcher.Explain(err))
	s.launcher.HintAt(result, sink)
	s.logFailure(c, of.Key, of.ID, result, err)
	return result, err
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
