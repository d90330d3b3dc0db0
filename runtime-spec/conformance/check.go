package conformance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/code"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

// ErrNotChecked says that a case could not be checked, because the target lacks
// what it needs. It is neither a pass nor a failure.
var ErrNotChecked = session.ErrNotChecked

// caseTimeout bounds one case, so that a runtime that hangs fails.
const caseTimeout = 3 * time.Minute

// Check runs one case, taken from [For], against one fresh container. It
// returns nil if the behaviour is as expected, and an error that wraps
// [ErrNotChecked] if the case could not be checked.
func Check(ctx context.Context, t Target, c Case) error {
	actions, known := code.ByKind[c.Kind]
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
	s := session.New(container.URL, container.Stdout, container.Stderr, container.Immediate, c.Kind, actions)
	if c.Needs&NeedsStreams != 0 && !s.Visible() {
		return errors.Join(fmt.Errorf("%w: needs %v", ErrNotChecked, NeedsStreams), container.Close())
	}
	err = c.run(ctx, s)
	if closeErr := container.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("close the container: %w", closeErr)
	}
	if err == nil {
		err = s.NoMoreSentinels()
	}
	return err
}

func provided(t Target) Need {
	if p, ok := t.(Provider); ok {
		return p.Provides()
	}
	return 0
}
