package clientmode

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"github.com/whiskaway/whiskaway/clientmode/internal/allowlist"
	"github.com/whiskaway/whiskaway/internal/sentinel"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// cutOff reports an answer that broke off after its head. The server that the
// head names executes the run and can be asked for it again.
type cutOff struct {
	server string // the server's incarnation
	cause  error
}

func (c *cutOff) Error() string { return c.cause.Error() }
func (c *cutOff) Unwrap() error { return c.cause }

// brokeOff returns the failure of an answer that cannot be read to its end. It is
// a cutOff if the head names the server and the answer made sense so far.
func brokeOff(resp *upstream.Response, cause error) error {
	server, one := resp.Head.Only(runtimespec.HeaderServer)
	if !one || len(server) != 36 || uuid.Validate(server) != nil || errors.Is(cause, runtimespec.ErrFrame) {
		return cause
	}
	return &cutOff{server, cause}
}

// askAgain asks for the outcome of a run whose answer broke off, until the
// deadline is near. A request that names the server never starts anything: it
// joins the run or is refused. So it may be repeated after any failure, and no
// answer to it leads to an init or to another run.
func (c *Client) askAgain(ctx context.Context, f *function, cut *cutOff, logs sentinel.Activation, header upstream.Header, body []byte) outcome {
	header = append(header, upstream.Field{Name: runtimespec.HeaderServer, Value: cut.server})
	var err error = cut
	for pause := firstPause; waitFor(ctx, pause); pause = min(2*pause, lastPause) {
		var out outcome
		out, err = c.exchange(ctx, f, discardLog{logs}, &upstream.Request{Path: runtimespec.PathRun, Header: c.withTimeout(ctx, header), Body: body})
		var refused *allowlist.RefusedError
		switch {
		case err != nil && ctx.Err() == nil && (errors.As(err, &refused) || hopeless(err)):
			return c.noResult(f, err)
		case err == nil && !temporary(out.reason):
			return recovered(f, out)
		case err == nil:
			err = answered(out.reason)
		}
	}
	if ctx.Err() != nil {
		return c.lost(ctx, f, err)
	}
	return c.noResult(f, err)
}

// noResult returns the outcome of a run whose result was asked for in vain.
func (c *Client) noResult(f *function, err error) outcome {
	c.logFailure(f, err)
	return failure(http.StatusBadGateway, "", "the connection to %s broke during the run, and its result could not be fetched; it may have run and is not started again: %s", f.server, cause(err))
}

// temporary reports whether a refusal says nothing about the run: the server, or a
// balancer before it, takes no requests now. A draining server still has its runs.
func temporary(reason runtimespec.Reason) bool {
	switch reason {
	case runtimespec.Saturated, runtimespec.Draining, runtimespec.TableFull:
		return true
	}
	return false
}

// recovered returns the outcome of a run that was asked for: its own, or why it is
// lost.
func recovered(f *function, out outcome) outcome {
	why := ""
	switch out.reason {
	case runtimespec.WrongServer:
		why = "the server was restarted while the run was in flight; it may have run"
	case runtimespec.UnknownActivation:
		why = "the server does not know the run any more; it may have run"
	case runtimespec.UnknownFunction, runtimespec.CodeNeeded:
		why = "the server does not know the function any more; it may have run"
	case runtimespec.ResultGone:
		why = "the server no longer keeps its result; it has run"
	default:
		return final(out)
	}
	return failure(http.StatusBadGateway, out.reason, "the connection to %s broke during the run: %s and is not started again", f.server, why)
}

// discardLog drops the logs of an answer that was asked for again: the first
// answer has printed them.
type discardLog struct{ sentinel.Activation }

func (discardLog) Log(runtimespec.Stream, []byte) {}
