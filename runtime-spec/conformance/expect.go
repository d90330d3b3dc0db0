package conformance

import (
	"bytes"
	"context"
	"fmt"
)

// echoes runs an echo action: it gives its argument back and logs nothing.
func (s *session) echoes(ctx context.Context, argument string) error {
	a, err := s.run(ctx, argument)
	if err != nil {
		return err
	}
	if err := a.gives(argument); err != nil {
		return err
	}
	return s.logIs(a, "", "")
}

// stillEchoes is echoes for a container in whose log earlier things may show up.
func (s *session) stillEchoes(ctx context.Context, argument string) error {
	a, err := s.run(ctx, argument)
	if err != nil {
		return fmt.Errorf("the next run: %w", err)
	}
	if err := a.gives(argument); err != nil {
		return fmt.Errorf("the next run: %w", err)
	}
	return nil
}

// logIs fails unless the activation's log is exactly this.
func (s *session) logIs(a answer, out, err string) error {
	if !s.visible() {
		return nil
	}
	if string(a.out) != out {
		return fmt.Errorf("stdout: expected %s, got %s", short([]byte(out)), short(a.out))
	}
	if string(a.err) != err {
		return fmt.Errorf("stderr: expected %s, got %s", short([]byte(err)), short(a.err))
	}
	return nil
}

// logHas fails unless the activation's log has the text on either stream.
func (s *session) logHas(a answer, text string) error {
	if !s.visible() || bytes.Contains(a.out, []byte(text)) || bytes.Contains(a.err, []byte(text)) {
		return nil
	}
	return fmt.Errorf("expected %q in the log, got stdout %s, stderr %s", text, short(a.out), short(a.err))
}

// stderrHas fails unless the activation's log has the text on stderr.
func (s *session) stderrHas(a answer, text string) error {
	if !s.visible() || bytes.Contains(a.err, []byte(text)) {
		return nil
	}
	return fmt.Errorf("expected %q on stderr, got %s (stdout %s)", text, short(a.err), short(a.out))
}

// logged waits until the text is on either stream, after the last activation:
// what belongs to no activation may be written after the answer.
func (s *session) logged(ctx context.Context, text string) error {
	if !s.visible() {
		return nil
	}
	either := func([]byte) bool {
		return bytes.Contains(s.out.pending(), []byte(text)) || bytes.Contains(s.err.pending(), []byte(text))
	}
	if s.out.patience(ctx, streamWait, either); either(nil) {
		return nil
	}
	return fmt.Errorf("expected %q in the log%s", text, s.unread())
}
