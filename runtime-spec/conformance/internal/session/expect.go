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
	return s.InitAnswers(ctx, code, argument, argument, "", "")
}

// InitRun initialises an action and runs it once.
func (s *Session) InitRun(ctx context.Context, code Action, argument string) (Answer, error) {
	return s.InitActivate(ctx, code, NewActivation(argument).Body())
}

// InitActivate is InitRun with a /run body.
func (s *Session) InitActivate(ctx context.Context, code Action, body []byte) (Answer, error) {
	if err := s.Init(ctx, code); err != nil {
		return Answer{}, err
	}
	return s.Activate(ctx, body)
}

// InitGives initialises an action and runs it once: it must return want.
func (s *Session) InitGives(ctx context.Context, code Action, argument, want string) error {
	a, err := s.InitRun(ctx, code, argument)
	if err != nil {
		return err
	}
	return a.Gives(want)
}

// InitAnswers is InitGives for an action that must log exactly this.
func (s *Session) InitAnswers(ctx context.Context, code Action, argument, want, out, err string) error {
	if failed := s.Init(ctx, code); failed != nil {
		return failed
	}
	return s.Answers(ctx, argument, want, out, err)
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
	_, err := s.RefusedInit(ctx, code, status, texts...)
	return err
}

// RefusedInit is RefusesInit with the answer, of which more is expected.
func (s *Session) RefusedInit(ctx context.Context, code Action, status int, texts ...string) (Answer, error) {
	a, err := s.FailInit(ctx, code)
	if err == nil {
		err = a.Refuses(status, texts...)
	}
	return a, err
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
