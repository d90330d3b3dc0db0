package clientmode

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/clientmode/internal/allowlist"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Pauses between attempts.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = 500 * time.Millisecond
)

// notSent reports whether a request cannot have arrived. Then even a run may be
// sent again.
func notSent(err error) bool { return errors.Is(err, upstream.ErrNotSent) }

// retry repeats an attempt while time is left, if the server refused it before
// starting anything or the request was not sent. An init is idempotent, so it is
// repeated after any failed connection. A permanent failure is returned at once.
func (c *Client) retry(ctx context.Context, f *function, init bool, attempt func() (outcome, error)) outcome {
	var before outcome
	var why error // of the attempt before
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		out, err := attempt()
		var refused *allowlist.RefusedError
		again := init || notSent(err)
		switch {
		case errors.As(err, &refused):
			c.logFailure(f, err)
			return failure(http.StatusForbidden, runtimespec.Forbidden, "%s", refused.Public())
		case err != nil && hopeless(err):
			return c.unusable(f, init, err)
		case err != nil && ctx.Err() != nil && notSent(err) && pause > firstPause:
			return c.neverStarted(f, before, why) // says more than that time was over
		case err != nil && !notSent(err) && (ctx.Err() != nil || !again):
			return c.lost(ctx, f, err)
		case err == nil && !out.reason.NotStarted():
			return final(out)
		case err == nil && (out.reason == runtimespec.Expired || out.reason == runtimespec.HostFailed):
			return c.neverStarted(f, out, err)
		}
		if !waitFor(ctx, pause) {
			return c.neverStarted(f, out, err)
		}
		before, why = out, err
	}
}

// final replaces a 503, after which the platform would send the activation again:
// a server's 503 does not say that nothing was started.
func final(out outcome) outcome {
	if out.status == http.StatusServiceUnavailable {
		out.status = http.StatusBadGateway
	}
	return out
}

// lost returns the outcome of an attempt without an answer: it may have run.
func (c *Client) lost(ctx context.Context, f *function, err error) outcome {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return failure(http.StatusBadGateway, runtimespec.Cancelled, "the activation was cancelled: its caller hung up")
	case ctx.Err() != nil:
		return failure(http.StatusBadGateway, runtimespec.TimedOut, "the action exceeded its time limit before %s answered", f.server)
	}
	c.logFailure(f, err)
	return failure(http.StatusBadGateway, "", "the connection to %s was lost after the request was sent; it may have run and is not sent again: %s", f.server, cause(err))
}

// unusable returns the outcome of an attempt that failed for good.
func (c *Client) unusable(f *function, init bool, err error) outcome {
	c.logFailure(f, err)
	switch {
	case notSent(err):
		return failure(http.StatusBadGateway, "", "%s cannot be used, nothing was started: %s", f.server, cause(err))
	case init:
		return failure(http.StatusBadGateway, "", "the answer of %s cannot be used: %s", f.server, cause(err))
	}
	return failure(http.StatusBadGateway, "", "the answer of %s cannot be used; it may have run and is not sent again: %s", f.server, cause(err))
}

// neverStarted returns the outcome when no server started anything in time.
func (c *Client) neverStarted(f *function, out outcome, err error) outcome {
	status := http.StatusBadGateway
	if c.cfg.Unavailable {
		status = http.StatusServiceUnavailable
	}
	if err != nil {
		c.logFailure(f, err)
		return failure(status, runtimespec.StartFailed, "%s cannot be reached, nothing was started: %s", f.server, cause(err))
	}
	out.status = status
	return out
}

// logFailure logs what authors are not told: the server's address, and the whole
// error.
func (c *Client) logFailure(f *function, err error) {
	c.log.Warn("the server failed an action", zap.String("action", f.name), zap.Stringer("upstream", f.upstream), zap.Error(err))
}

// waitFor pauses, unless ctx would be over by then.
func waitFor(ctx context.Context, pause time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < pause {
		return false
	}
	return sleep(ctx, pause)
}

// sleep pauses, and reports whether ctx is still alive.
func sleep(ctx context.Context, pause time.Duration) bool {
	select {
	case <-time.After(pause):
		return true
	case <-ctx.Done():
		return false
	}
}
