package common

import (
	"context"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/archive"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

// Limits returns the cases about sizes and numbers.
func Limits() []session.Spec {
	return []session.Spec{
		{ID: "code-48-mib", Run: code48MiB,
			Behaviour: `an archive that is 48 MiB long in base64 is accepted and runs`},
		{ID: "many-activations", Run: manyActivations,
			Behaviour: `100 activations in a row: each has its result and its sentinels`},
	}
}

func code48MiB(ctx context.Context, s *session.Session) error {
	return s.InitEchoes(ctx, archive.Padded(session.LargestCode/4*3-64<<10, mainFile(s)), `{"large":"code"}`)
}

func manyActivations(ctx context.Context, s *session.Session) error {
	if err := s.Init(ctx, session.Source(s.Code.Logs)); err != nil {
		return err
	}
	for range 100 {
		argument := `{"id":"` + session.RandomID() + `"}`
		if err := s.Answers(ctx, argument, argument, "hello stdout\n", "hello stderr\n"); err != nil {
			return err
		}
	}
	return nil
}
