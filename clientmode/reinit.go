package clientmode

import (
	"bytes"
	"context"
	"net/http"

	"github.com/whiskaway/whiskaway/internal/sentinel"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// redo is a re-init in flight.
type redo struct {
	done      chan struct{}
	outcome   outcome
	joined    int  // runs that wait for it; guarded by function.mu
	abandoned bool // it ended because the run that did it was over
}

// initialise tells the server about the function, leaving the code out first.
func (c *Client) initialise(ctx context.Context, f *function, logs sentinel.Activation, trace runtimespec.Trace) outcome {
	out := c.persist(ctx, f, true, func() (out outcome, err error) {
		for _, r := range f.requests() {
			r.Header = c.withTimeout(ctx, traced(r.Header, trace))
			if out, err = c.exchange(ctx, f, logs, r); err != nil || out.reason != runtimespec.CodeNeeded {
				break
			}
		}
		return out, err
	})
	if out.reason == runtimespec.TimedOut && !bytes.Contains(out.body, []byte("exceeded its time limit")) {
		logs.Complain(string(out.body)) // that time was over is in the answer; what it went on is the author's too
	}
	return out
}

// reinitialise is initialise for a server that forgot the function: runs that
// find out together share one.
func (c *Client) reinitialise(ctx context.Context, f *function, logs sentinel.Activation, trace runtimespec.Trace) outcome {
	for {
		current, mine := f.enterRedo()
		if mine {
			current.outcome = c.initialise(ctx, f, logs, trace)
			current.abandoned = ctx.Err() != nil && current.outcome.status != http.StatusOK
			f.leaveRedo(current)
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

func (f *function) enterRedo() (current *redo, mine bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.redo == nil {
		f.redo = &redo{done: make(chan struct{})}
		return f.redo, true
	}
	f.redo.joined++
	return f.redo, false
}

func (f *function) leaveRedo(current *redo) {
	f.mu.Lock()
	f.redo = nil
	f.mu.Unlock()
	close(current.done)
}
