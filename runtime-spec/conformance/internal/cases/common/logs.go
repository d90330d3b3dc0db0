package common

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

// Logs returns the cases about logs.
func Logs() []session.Spec {
	return []session.Spec{
		{ID: "log-200-kb", Run: log200KB, Needs: session.NeedStreams,
			Behaviour: `200 KB on each stream arrive whole, before the sentinels`},
		{ID: "log-of-a-failing-run", Run: logOfFailingRun, Needs: session.NeedStreams,
			Behaviour: `what a run wrote before its process died is in that run's log`},
		{ID: "log-without-newline", Run: logWithoutNewline, Needs: session.NeedStreams, Own: true,
			Behaviour: `after a last line without newline the sentinel still has a line of its own`},
	}
}

func log200KB(ctx context.Context, s *session.Session) error {
	noise := strings.Repeat(strings.Repeat("o", 79)+"\n", 2500)
	return s.InitAnswers(ctx, session.Source(s.Code.Noisy), `{}`, `{}`, noise+"end of stdout\n", noise+"end of stderr\n")
}

func logOfFailingRun(ctx context.Context, s *session.Session) error {
	a, err := s.InitRun(ctx, session.Source(s.Code.Mortal), `{"die":true}`)
	if err != nil {
		return err
	}
	if err := a.Refuses(0); err != nil {
		return err
	}
	if !bytes.HasPrefix(a.Out, []byte("last words\n")) {
		return fmt.Errorf(`stdout: expected "last words\n" with the failing run, got %s`, session.Short(a.Out))
	}
	return nil
}

func logWithoutNewline(ctx context.Context, s *session.Session) error {
	return s.InitAnswers(ctx, session.Source(s.Code.OpenEnded), `{}`, `{}`, "no newline\n", "no newline\n")
}
