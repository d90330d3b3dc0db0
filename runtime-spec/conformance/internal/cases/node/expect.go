package node

import (
	"context"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

// logs initialises source, runs it once and expects the result and the log.
func logs(code, argument, want, out string) func(context.Context, *session.Session) error {
	return func(ctx context.Context, s *session.Session) error {
		return s.InitAnswers(ctx, session.Source(code), argument, want, out, "")
	}
}

// gives initialises source and expects, for each argument, the result that
// follows it, and an empty log.
func gives(code string, exchanges ...string) func(context.Context, *session.Session) error {
	return func(ctx context.Context, s *session.Session) error {
		return runEach(ctx, s, session.Source(code), exchanges...)
	}
}

func runEach(ctx context.Context, s *session.Session, code session.Action, exchanges ...string) error {
	if err := s.Init(ctx, code); err != nil {
		return err
	}
	for i := 0; i < len(exchanges); i += 2 {
		if err := s.Answers(ctx, exchanges[i], exchanges[i+1], "", ""); err != nil {
			return err
		}
	}
	return nil
}

// failsInit expects the init to fail, and its error or log to contain the
// texts.
func failsInit(code string, texts ...string) func(context.Context, *session.Session) error {
	return func(ctx context.Context, s *session.Session) error {
		return s.RefusesInit(ctx, session.Source(code), 0, texts...)
	}
}
