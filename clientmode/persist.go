package clientmode

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"

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

// persist repeats an attempt for as long as it was refused as not started, or
// may be repeated, and time is left. What is certain to fail again is told at
// once. An init is idempotent, so it may be repeated whenever its connection
// failed.
func (c *Client) persist(ctx context.Context, f *function, init bool, attempt func() (outcome, error)) outcome {
	var before outcome
	var why error // of the attempt before
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		out, err := attempt()
		var never *refusedHost
		again := init || unsent(err)
		switch {
		case errors.As(err, &never):
			c.blame(f, err)
			return failure(http.StatusForbidden, runtimespec.Forbidden, "%s", never.public())
		case err != nil && hopeless(err):
			return c.unusable(f, init, err)
		case err != nil && ctx.Err() != nil && unsent(err) && pause > firstPause:
			return c.neverStarted(f, before, why) // says more than that time was over
		case err != nil && !unsent(err) && (ctx.Err() != nil || !again):
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

// final keeps a 503 from the platform, which would send the activation again:
// whatever the server meant by it, it did not say that nothing was started.
func final(out outcome) outcome {
	if out.status == http.StatusServiceUnavailable {
		out.status = http.StatusBadGateway
	}
	return out
}

// lost is the outcome of an attempt whose answer did not come: it may have run.
func (c *Client) lost(ctx context.Context, f *function, err error) outcome {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return failure(http.StatusBadGateway, runtimespec.Cancelled, "the activation was cancelled: its caller hung up")
	case ctx.Err() != nil:
		return failure(http.StatusBadGateway, runtimespec.TimedOut, "the action exceeded its time limit before %s answered", f.server)
	}
	c.blame(f, err)
	return failure(http.StatusBadGateway, "", "the connection to %s was lost after the request was sent; it may have run and is not sent again: %s", f.server, cause(err))
}

// unusable is the outcome of an attempt that is certain to fail again.
func (c *Client) unusable(f *function, init bool, err error) outcome {
	c.blame(f, err)
	switch {
	case unsent(err):
		return failure(http.StatusBadGateway, "", "%s cannot be used, nothing was started: %s", f.server, cause(err))
	case init:
		return failure(http.StatusBadGateway, "", "the answer of %s cannot be used: %s", f.server, cause(err))
	}
	return failure(http.StatusBadGateway, "", "the answer of %s cannot be used; it may have run and is not sent again: %s", f.server, cause(err))
}

// neverStarted is the outcome when nothing was started anywhere in time.
func (c *Client) neverStarted(f *function, out outcome, err error) outcome {
	status := http.StatusBadGateway
	if c.cfg.Unavailable {
		status = http.StatusServiceUnavailable
	}
	if err != nil {
		c.blame(f, err)
		return failure(status, runtimespec.StartFailed, "%s cannot be reached, nothing was started: %s", f.server, cause(err))
	}
	out.status = status
	return out
}

// blame tells the operator what is kept from authors: where the server is, and
// the whole error.
func (c *Client) blame(f *function, err error) {
	c.log.Warn("the server failed an action", zap.String("action", f.name), zap.Stringer("upstream", f.upstream), zap.Error(err))
}
