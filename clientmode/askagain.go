package clientmode

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/internal/sentinel"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// cutOff is the failure of an answer that broke off after its head: the server
// that the head named executes the run, and can be asked for it again.
type cutOff struct {
	server string // its incarnation
	cause  error
}

func (c *cutOff) Error() string { return c.cause.Error() }
func (c *cutOff) Unwrap() error { return c.cause }

// brokeOff is why an answer could not be read to its end. A head that names no
// server, or an answer that makes no sense, says nothing about whom to ask.
func brokeOff(resp *hop.Response, cause error) error {
	server, one := resp.Head.Only(runtimespec.HeaderServer)
	if !one || len(server) != 36 || uuid.Validate(server) != nil || errors.Is(cause, runtimespec.ErrFrame) {
		return cause
	}
	return &cutOff{server, cause}
}

// askAgain asks for the outcome of a run whose answer broke off, until the
// deadline is near. With the server named, the same request never starts
// anything: it is joined or refused. So it may be repeated whatever became of
// it, and no answer to it leads to an init or to another run.
func (c *Client) askAgain(ctx context.Context, f *function, cut *cutOff, logs sentinel.Activation, header hop.Header, body []byte) outcome {
	header = append(header, hop.Field{Name: runtimespec.HeaderServer, Value: cut.server})
	var err error = cut
	for pause := firstPause; waitFor(ctx, pause); pause = min(2*pause, lastPause) {
		var out outcome
		out, err = c.exchange(ctx, f, unheard{logs}, &hop.Request{Path: runtimespec.PathRun, Header: c.withTimeout(ctx, header), Body: body})
		var never *refusedHost
		switch {
		case err != nil && ctx.Err() == nil && (errors.As(err, &never) || hopeless(err)):
			return c.notHad(f, err)
		case err == nil && !passing(out.reason):
			return settled(f, out)
		case err == nil:
			err = answered(out.reason)
		}
	}
	if ctx.Err() != nil {
		return c.lost(ctx, f, err)
	}
	return c.notHad(f, err)
}

// notHad is the outcome of a run that was asked for in vain.
func (c *Client) notHad(f *function, err error) outcome {
	c.blame(f, err)
	return failure(http.StatusBadGateway, "", "the connection to %s broke during the run, and its result could not be had; it may have run and is not started again: %s", f.server, cause(err))
}

// passing is when nobody looked for the run that was asked for: the server, or
// a balancer before it, takes no requests now. A server that drains still has
// its runs.
func passing(reason runtimespec.Reason) bool {
	switch reason {
	case runtimespec.Saturated, runtimespec.Draining, runtimespec.TableFull:
		return true
	}
	return false
}

// settled is the outcome of a run that was asked for: its own, or that it
// cannot be had.
func settled(f *function, out outcome) outcome {
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

// unheard drops the logs of an answer that was asked for again: a run's logs
// belong to its first answer, and nothing is printed twice.
type unheard struct{ sentinel.Activation }

func (unheard) Log(runtimespec.Stream, []byte) {}
