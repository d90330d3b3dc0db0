package conformance

import (
	"bytes"
	"context"
	"fmt"
	"strings"
)

func logCases() []Case {
	return []Case{
		{ID: "log-200-kb", run: log200KB, Needs: NeedsStreams,
			Behaviour: `200 KB on each stream arrive whole, before the sentinels`},
		{ID: "log-of-a-failing-run", run: logOfFailingRun, Needs: NeedsStreams,
			Behaviour: `what a run wrote before its process died comes with that run`},
		{ID: "log-without-newline", run: logWithoutNewline, Needs: NeedsStreams, Own: true,
			Behaviour: `after a last line without newline the sentinel still has a line of its own`},
	}
}

func log200KB(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(s.code.noisy)); err != nil {
		return err
	}
	a, err := s.run(ctx, `{}`)
	if err != nil {
		return err
	}
	if err := a.gives(`{}`); err != nil {
		return err
	}
	noise := strings.Repeat(strings.Repeat("o", 79)+"\n", 2500)
	return s.logIs(a, noise+"end of stdout\n", noise+"end of stderr\n")
}

func logOfFailingRun(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(s.code.mortal)); err != nil {
		return err
	}
	a, err := s.run(ctx, `{"die":true}`)
	if err != nil {
		return err
	}
	if err := a.refuses(0); err != nil {
		return err
	}
	if !bytes.HasPrefix(a.out, []byte("last words\n")) {
		return fmt.Errorf(`stdout: expected "last words\n" with the failing run, got %s`, short(a.out))
	}
	return nil
}

func logWithoutNewline(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(s.code.openEnded)); err != nil {
		return err
	}
	a, err := s.run(ctx, `{}`)
	if err != nil {
		return err
	}
	if err := a.gives(`{}`); err != nil {
		return err
	}
	return s.logIs(a, "no newline\n", "no newline\n")
}
