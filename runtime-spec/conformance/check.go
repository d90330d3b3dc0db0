package conformance

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNotChecked says that a case could not be checked: the target lacks what
// it needs. It is neither a pass nor a failure.
var ErrNotChecked = errors.New("not checked")

// caseTimeout bounds one case, so that a runtime that hangs fails.
const caseTimeout = 3 * time.Minute

// Check runs one case, taken from [For], against one fresh container. It
// returns nil when the behaviour is as expected and an error that wraps
// [ErrNotChecked] when it could not be looked at.
func Check(ctx context.Context, t Target, c Case) error {
	code, known := actions[c.Kind]
	if !known {
		return fmt.Errorf("%w: no action code for kind %q", ErrNotChecked, c.Kind)
	}
	if missing := c.Needs &^ NeedsStreams &^ provided(t); missing != 0 {
		return fmt.Errorf("%w: needs %v", ErrNotChecked, missing)
	}
	ctx, cancel := context.WithTimeout(ctx, caseTimeout)
	defer cancel()

	container, err := t.Start(ctx, c.Env)
	if errors.Is(err, ErrNotChecked) {
		return err
	}
	if err != nil {
		return fmt.Errorf("start the container: %w", err)
	}
	s := newSession(container, c.Kind, code)
	if c.Needs&NeedsStreams != 0 && !s.visible() {
		return errors.Join(fmt.Errorf("%w: needs %v", ErrNotChecked, NeedsStreams), container.Close())
	}
	err = c.run(ctx, s)
	if closeErr := container.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("close the container: %w", closeErr)
	}
	if err == nil {
		err = s.noMoreSentinels()
	}
	return err
}

func provided(t Target) Need {
	if p, ok := t.(Provider); ok {
		return p.Provides()
	}
	return 0
}
