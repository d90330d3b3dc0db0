package clientmode

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Pauses between attempts that were not started.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = 500 * time.Millisecond
)

// unsent is when a run whose answer did not come may be sent again.
func unsent(err error) bool { return errors.Is(err, hop.ErrNotSent) }

// harmless is when an init may: it is idempotent, so whenever the connection
// failed, but not when the server answers what cannot be read.
func harmless(err error) bool { return !errors.Is(err, runtimespec.ErrFrame) }

// persist repeats an attempt for as long as it was refused as not started, or
// may be repeated, and time is left.
func (c *Client) persist(ctx context.Context, f *function, repeat func(error) bool, attempt func() (outcome, error)) outcome {
	var before outcome
	var why error // of the attempt before
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		out, err := attempt()
		var never refusedHost
		switch {
		case errors.As(err, &never):
			return failure(http.StatusForbidden, runtimespec.Forbidden, "%v", never)
		case err != nil && ctx.Err() != nil && repeat(err) && pause > firstPause:
			return c.neverStarted(f, before, why) // says more than that time was over
		case err != nil && !unsent(err) && (ctx.Err() != nil || !repeat(err)):
			return c.lost(ctx, f, err)
		case err == nil && !out.reason.NotStarted():
			return final(out)
		case err == nil && out.reason == runtimespec.Expired:
			return c.neverStarted(f, out, err)
		}
		if !waitFor(ctx, pause) {
			return c.neverStarted(f, out, err)
		}
		before, why = out, err
	}
}

// final keeps a 503 from the platform, which would send the activation again:
// whatever the server meant by it, it did not say that nothing was started.
func final(out outcome) outcome {
	if out.status == http.StatusServiceUnavailable {
		out.status = http.StatusBadGateway
	}
	return out
}

// waitFor pauses, unless ctx would be over by then.
func waitFor(ctx context.Context, pause time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < pause {
		return false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// lost is the outcome of an attempt whose answer did not come: it may have run.
func (c *Client) lost(ctx context.Context, f *function, err error) outcome {
	if errors.Is(ctx.Err(), context.Canceled) {
		return failure(http.StatusBadGateway, runtimespec.Cancelled, "the activation was cancelled: its caller hung up")
	}
	if ctx.Err() != nil {
		return failure(http.StatusBadGateway, runtimespec.TimedOut, "the time limit was reached before the server at %s answered", f.upstream)
	}
	if errors.Is(err, runtimespec.ErrFrame) {
		return failure(http.StatusBadGateway, "", "the answer of the server at %s cannot be used; it may have run and is not sent again: %v", f.upstream, err)
	}
	return failure(http.StatusBadGateway, "", "the connection to the server at %s was lost after the request was sent; it may have run and is not sent again: %v", f.upstream, err)
}

// neverStarted is the outcome when nothing was started anywhere in time.
func (c *Client) neverStarted(f *function, out outcome, err error) outcome {
	status := http.StatusBadGateway
	if c.cfg.Unavailable {
		status = http.StatusServiceUnavailable
	}
	if err != nil {
		return failure(status, runtimespec.StartFailed, "the server at %s cannot be reached, nothing was started: %v", f.upstream, err)
	}
	out.status = status
	return out
}

// withTimeout adds the time left to a request's header, less what the answer
// needs to come back: the server should be the one to say that time is over.
func withTimeout(ctx context.Context, h hop.Header) hop.Header {
	end, ok := ctx.Deadline()
	if !ok {
		return h
	}
	left := time.Until(end)
	return append(h, hop.Field{Name: runtimespec.HeaderTimeout, Value: runtimespec.FormatTimeout(left - min(margin, left/10))})
}
