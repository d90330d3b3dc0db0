package conformance

import "context"

// largestCode is the longest code that the platform lets through, in base64.
const largestCode = 48 << 20

func limitCases() []Case {
	return []Case{
		{ID: "code-48-mib", run: code48MiB,
			Behaviour: `an archive that is 48 MiB long in base64 is accepted and runs`},
		{ID: "many-activations", run: manyActivations,
			Behaviour: `after 100 activations in a row every result and every sentinel was in its place`},
	}
}

func code48MiB(ctx context.Context, s *session) error {
	if err := s.init(ctx, padded(largestCode/4*3-64<<10, s.main())); err != nil {
		return err
	}
	return s.echoes(ctx, `{"large":"code"}`)
}

func manyActivations(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(s.code.logs)); err != nil {
		return err
	}
	for range 100 {
		argument := `{"id":"` + randomID() + `"}`
		a, err := s.run(ctx, argument)
		if err != nil {
			return err
		}
		if err := a.gives(argument); err != nil {
			return err
		}
		if err := s.logIs(a, "hello stdout\n", "hello stderr\n"); err != nil {
			return err
		}
	}
	return nil
}
