package clientmode

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// deadline is when the platform gives an init or a run up. An answer that comes
// before counts; a late one costs the caller the platform's own retries.
type deadline struct {
	at    time.Time
	limit time.Duration // the action's own, which the platform's words name
}

// deadlineOf reads the deadline that a request named. One that was over when
// the request arrived shows clocks that disagree, and is not believed.
func (c *Client) deadlineOf(named, arrived time.Time) deadline {
	left := named.Sub(arrived)
	if left <= 0 {
		return deadline{arrived.Add(c.cfg.Limit), c.cfg.Limit}
	}
	return deadline{arrived.Add(left), limitOf(left)}
}

const (
	// limitStep is OpenWhisk's shortest time limit. Limits are multiples of it in
	// practice, and a request is on its way for less.
	limitStep = 100 * time.Millisecond
	// limitSlack is how far the platform's clock may be ahead of this one.
	limitSlack = 10 * time.Millisecond
)

// limitOf is the action's limit, of which left was left at arrival: the platform
// sends a point in time only.
func limitOf(left time.Duration) time.Duration {
	return max(limitStep, (left-limitSlack+limitStep-1)/limitStep*limitStep)
}

// exceeded is what the platform says of an action whose time is over, word for
// word: its tools compare it.
func (d deadline) exceeded(init bool) string {
	text := fmt.Sprintf("The action exceeded its time limits of %d milliseconds", d.limit.Milliseconds())
	if init {
		return text + " during initialization."
	}
	return text + "."
}

// Times that are kept off a deadline.
const (
	// margin is for the answer on its way to the platform.
	margin = 50 * time.Millisecond
	// wayBack is for a server to kill what did not end itself, and for its answer
	// to come back.
	wayBack = 100 * time.Millisecond
)

// within bounds the work so that its logs and its answer can still reach the
// platform in time. Short limits give up a twentieth at most.
func (c *Client) within(ctx context.Context, d deadline) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ctx, d.at.Add(-ownTime(time.Until(d.at), c.cfg.LogSettle)))
}

func ownTime(left, settle time.Duration) time.Duration {
	return max(0, min(margin+max(0, settle), left/20))
}

// withTimeout adds the time that a server has to a request's header.
func (c *Client) withTimeout(ctx context.Context, h hop.Header) hop.Header {
	end, ok := ctx.Deadline()
	if !ok {
		return h
	}
	left := serverTime(time.Until(end), c.cfg.StopGrace)
	return append(h, hop.Field{Name: runtimespec.HeaderTimeout, Value: runtimespec.FormatTimeout(left)})
}

// serverTime is what a server is told of the time left. When it is over, the
// server asks the run to end and kills it after its stop grace; what the function
// said meanwhile is to arrive, so the client waits that much longer. A server
// takes a tenth of its time at most for that grace, so a ninth is room enough.
func serverTime(left, grace time.Duration) time.Duration {
	return left - min(grace+wayBack, left/9)
}

// worded puts a failure for want of time into the platform's words. Ours are for
// the operator.
func (c *Client) worded(out outcome, d deadline, f *function, init bool) outcome {
	if out.reason != runtimespec.TimedOut {
		return out
	}
	c.log.Warn("the time limit was reached", zap.String("action", f.name), zap.Bool("init", init), zap.ByteString("cause", out.body))
	out.body = runtimespec.ErrorBody(d.exceeded(init))
	return out
}
