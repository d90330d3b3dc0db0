package clientmode

import (
	"context"
	"time"
)

// waitFor pauses, unless ctx would be over by then.
func waitFor(ctx context.Context, pause time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < pause {
		return false
	}
	return rest(ctx, pause)
}

// rest pauses, and reports whether ctx is not over.
func rest(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
