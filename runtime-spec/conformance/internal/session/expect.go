package session

import (
	"bytes"
	"context"
	"fmt"
)

// Echoes runs an echo action, which must return its argument and log nothing.
func (s *Session) Echoes(ctx context.Context, argument string) error {
	return s.Answers(ctx, argument, argument, "", "")
}

// InitEchoes initialises an echo action and runs it once.
func (s *Session) InitEchoes(ctx context.Context, code Action, argument string) error {
	if err := s.Init(ctx, code); err != nil {
		return err
	}
	return s.Echoes(ctx, argument)
}

// Gives runs the action, which must return want.
func (s *Session) Gives(ctx context.Context, argument, want string) error {
	a, err := s.Run(ctx, argument)
	if err != nil {
		return err
	}
	return a.Gives(want)
}

// Answers runs the action, which must return want and log exactly this.
func (s *Session) Answers(ctx context.Context, argument, want, out, err string) error {
	a, failed := s.Run(ctx, argument)
	if failed != nil {
		return failed
	}
	if failed := a.Gives(want); failed != nil {
		return failed
	}
	return s.LogIs(a, out, err)
}

// FailsRun runs the action, which must fail, see Refuses.
func (s *Session) FailsRun(ctx context.Context, argument string, status int, texts ...string) error {
	a, err := s.Run(ctx, argument)
	if err != nil {
		return err
	}
	return a.Refuses(status, texts...)
}

// RefusesInit initialises an action that cannot be started, see Refuses.
func (s *Session) RefusesInit(ctx context.Context, code Action, status int, texts ...string) error {
	a, err := s.FailInit(ctx, code)
	if err != nil {
		return err
	}
	return a.Refuses(status, texts...)
}

// StillEchoes is Echoes for a container whose log may also have earlier lines.
func (s *Session) StillEchoes(ctx context.Context, argument string) error {
	a, err := s.Run(ctx, argument)
	if err != nil {
		return fmt.Errorf("the next run: %w", err)
	}
	if err := a.Gives(argument); err != nil {
		return fmt.Errorf("the next run: %w", err)
	}
	return nil
}

// LogIs fails unless the activation's log is exactly this.
func (s *Session) LogIs(a Answer, out, err string) error {
	if !s.Visible() {
		return nil
	}
	if string(a.Out) != out {
		return fmt.Errorf("stdout: expected %s, got %s", Short([]byte(out)), Short(a.Out))
	}
	if string(a.Err) != err {
		return fmt.Errorf("stderr: expected %s, got %s", Short([]byte(err)), Short(a.Err))
	}
	return nil
}

// LogHas fails unless the activation's log has the text on either stream.
func (s *Session) LogHas(a Answer, text string) error {
	if !s.Visible() || bytes.Contains(a.Out, []byte(text)) || bytes.Contains(a.Err, []byte(text)) {
		return nil
	}
	return fmt.Errorf("expected %q in the log, got stdout %s, stderr %s", text, Short(a.Out), Short(a.Err))
}

// StderrHas fails unless the activation's log has the text on stderr.
func (s *Session) StderrHas(a Answer, text string) error {
	if !s.Visible() || bytes.Contains(a.Err, []byte(text)) {
		return nil
	}
	return fmt.Errorf("expected %q on stderr, got %s (stdout %s)", text, Short(a.Err), Short(a.Out))
}

// Logged waits until the text is on either stream, after the last activation.
// Text that belongs to no activation may be written after the answer.
func (s *Session) Logged(ctx context.Context, text string) error {
	if !s.Visible() {
		return nil
	}
	either := func([]byte) bool {
		return bytes.Contains(s.out.pending(), []byte(text)) || bytes.Contains(s.err.pending(), []byte(text))
	}
	if s.out.patience(ctx, streamWait, either); either(nil) {
		return nil
	}
	return fmt.Errorf("expected %q in the log%s", text, s.Unread())
}
