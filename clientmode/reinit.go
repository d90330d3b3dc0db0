package clientmode

import (
	"bytes"
	"context"
	"net/http"

	"github.com/whiskaway/whiskaway/internal/sentinel"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// reinit is an init in flight for a server that forgot the function. Runs that
// find out together share one.
type reinit struct {
	done      chan struct{}
	outcome   outcome
	joined    int  // runs that wait for it; guarded by function.mu
	abandoned bool // it ended because the run that did it was over
}

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
func (c *Client) reinitialise(ctx context.Context, f *function, logs sentinel.Activation, trace runtimespec.Trace) outcome {
	for {
		current, mine := f.startReinit()
		if mine {
			current.outcome = c.initialise(ctx, f, logs, trace)
			current.abandoned = ctx.Err() != nil && current.outcome.status != http.StatusOK
			f.endReinit(current)
			return current.outcome
		}
		select {
		case <-current.done:
			if !current.abandoned {
				return current.outcome
			}
		case <-ctx.Done():
			return failure(http.StatusBadGateway, runtimespec.Expired, "the time was over while the server was told about the function again")
		}
	}
}

// startReinit returns a re-init to do (mine), or the one in flight to wait for.
func (f *function) startReinit() (current *reinit, mine bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.reinit == nil {
		f.reinit = &reinit{done: make(chan struct{})}
		return f.reinit, true
	}
	f.reinit.joined++
	return f.reinit, false
}

func (f *function) endReinit(current *reinit) {
	f.mu.Lock()
	f.reinit = nil
	f.mu.Unlock()
	close(current.done)
}
