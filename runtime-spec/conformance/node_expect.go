package conformance

import "context"

// nodeLogs initialises source, runs it once and expects the result and the log.
func nodeLogs(code, argument, want, out string) func(context.Context, *session) error {
	return func(ctx context.Context, s *session) error {
		if err := s.init(ctx, source(code)); err != nil {
			return err
		}
		a, err := s.run(ctx, argument)
		if err != nil {
			return err
		}
		if err := a.gives(want); err != nil {
			return err
		}
		return s.logIs(a, out, "")
	}
}

// nodeGives initialises source, and expects for each argument the result after
// it, and nothing in the log.
func nodeGives(code string, exchanges ...string) func(context.Context, *session) error {
	return func(ctx context.Context, s *session) error { return s.exchanges(ctx, source(code), exchanges...) }
}

func (s *session) exchanges(ctx context.Context, code action, exchanges ...string) error {
	if err := s.init(ctx, code); err != nil {
		return err
	}
	for i := 0; i < len(exchanges); i += 2 {
		a, err := s.run(ctx, exchanges[i])
		if err != nil {
			return err
		}
		if err := a.gives(exchanges[i+1]); err != nil {
			return err
		}
		if err := s.logIs(a, "", ""); err != nil {
			return err
		}
	}
	return nil
}

// nodeFailsInit expects init to fail and its error or log to say the texts.
func nodeFailsInit(code string, texts ...string) func(context.Context, *session) error {
	return func(ctx context.Context, s *session) error {
		a, err := s.failInit(ctx, source(code))
		if err != nil {
			return err
		}
		return a.refuses(0, texts...)
	}
}

// nodeFailsRun expects a run to fail and its error or log to say the text.
func (s *session) nodeFailsRun(ctx context.Context, status int, argument, text string) error {
	a, err := s.run(ctx, argument)
	if err != nil {
		return err
	}
	return a.refuses(status, text)
}
