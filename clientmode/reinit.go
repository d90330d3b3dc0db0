package clientmode

import (
	"bytes"
	"context"
	"net/http"

	"github.com/whiskaway/whiskaway/internal/sentinel"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// initialise tells the server about the function, without the code at first.
func (c *Client) initialise(ctx context.Context, f *function, logs sentinel.Activation, trace runtimespec.Trace) outcome {
	out := c.retry(ctx, f, true, func() (out outcome, err error) {
		for _, r := range f.requests() {
			r.Header = c.withTimeout(ctx, traced(r.Header, trace))
			if out, err = c.exchange(ctx, f, logs, r); err != nil || out.reason != runtimespec.CodeNeeded {
				break
			}
		}
		return out, err
	})
	if out.reason == runtimespec.TimedOut && !bytes.Contains(out.body, []byte("exceeded its time limit")) {
		logs.Complain(string(out.body)) // the answer says that time was over; the log says what it was spent on
	}
	return out
}

// reinitialise is initialise within a run, for a server that forgot the function.
// Runs that find out together share one; if the time of the run that does it is
// over, another one does it again.
func (c *Client) reinitialise(ctx context.Context, f *function, logs sentinel.Activation, trace runtimespec.Trace) outcome {
	out, _ := f.reinit.Do(ctx, func(ctx context.Context) (out outcome, err error) {
		if out = c.initialise(ctx, f, logs, trace); out.status != http.StatusOK {
			err = ctx.Err()
		}
		return out, err
	})
	if out.status == 0 { // another run did it
		return failure(http.StatusBadGateway, runtimespec.Expired, "the time was over while the server was told about the function again")
	}
	return out
}
