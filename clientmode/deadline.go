package clientmode

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// deadline is when the platform gives up on an init or a run. A late answer is
// lost, and costs the caller the platform's own retries.
type deadline struct {
	at    time.Time
	limit time.Duration // the action's own, for messages in the platform's words
}

// deadlineOf returns the deadline that a request names. A deadline that was over
// on arrival shows that the clocks disagree, and is ignored.
func (c *Client) deadlineOf(named, arrived time.Time) deadline {
	left := named.Sub(arrived)
	if left <= 0 {
		return deadline{arrived.Add(c.cfg.Limit), c.cfg.Limit}
	}
	return deadline{arrived.Add(left), limitOf(left)}
}

const (
	// limitStep is OpenWhisk's shortest time limit. In practice limits are multiples
	// of it, and a request travels for less.
	limitStep = 100 * time.Millisecond
	// limitSlack bounds how far the platform's clock may be ahead of this one.
	limitSlack = 10 * time.Millisecond
)

// limitOf returns the action's limit, given the time left on arrival: the platform
// sends a point in time only.
func limitOf(left time.Duration) time.Duration {
	return max(limitStep, (left-limitSlack+limitStep-1)/limitStep*limitStep)
}

// exceeded returns the platform's message for an action whose time is over, word
// for word: its tools compare it.
func (d deadline) exceeded(init bool) string {
	text := fmt.Sprintf("The action exceeded its time limits of %d milliseconds", d.limit.Milliseconds())
	if init {
		return text + " during initialization."
	}
	return text + "."
}

// Times that are subtracted from a deadline.
const (
	// margin is for the answer to reach the platform.
	margin = 50 * time.Millisecond
	// wayBack is for a server to kill a run that did not end itself, and for its
	// answer to come back.
	wayBack = 100 * time.Millisecond
)

// within bounds the work so that its logs and its answer reach the platform in
// time. A short limit loses a twentieth at most.
func (c *Client) within(ctx context.Context, d deadline) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ctx, d.at.Add(-ownTime(time.Until(d.at), c.cfg.LogSettle)))
}

func ownTime(left, settle time.Duration) time.Duration {
	return max(0, min(margin+max(0, settle), left/20))
}

// withTimeout adds the server's time to a request's header.
func (c *Client) withTimeout(ctx context.Context, h upstream.Header) upstream.Header {
	end, ok := ctx.Deadline()
	if !ok {
		return h
	}
	left := serverTime(time.Until(end), c.cfg.StopGrace)
	return append(h, upstream.Field{Name: runtimespec.HeaderTimeout, Value: runtimespec.FormatTimeout(left)})
}

// serverTime returns the time that a server is given of the time left. After it,
// the server asks the run to end and kills it after its stop grace. The client
// waits for that, because the function's last logs must arrive. A server uses a
// tenth of its time at most for the grace, so a ninth is enough.
func serverTime(left, grace time.Duration) time.Duration {
	return left - min(grace+wayBack, left/9)
}

// inPlatformWords replaces the message of a timeout by the platform's. The
// original goes to the operator's log.
func (c *Client) inPlatformWords(out outcome, d deadline, f *function, init bool) outcome {
	if out.reason != runtimespec.TimedOut {
		return out
	}
	c.log.Warn("the time limit was reached", zap.String("action", f.name), zap.Bool("init", init), zap.ByteString("cause", out.body))
	out.body = runtimespec.ErrorBody(d.exceeded(init))
	return out
}
