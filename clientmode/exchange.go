package clientmode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// outcome is what an init or a run came to: what the platform is answered.
type outcome struct {
	status int
	body   []byte
	reason runtimespec.Reason // of a failure, if one was given
}

func failure(status int, reason runtimespec.Reason, format string, args ...any) outcome {
	return outcome{status: status, body: runtimespec.ErrorBody(fmt.Sprintf(format, args...)), reason: reason}
}

// exchange sends one request and reads its answer, passing logs on as they
// come. An error means that no answer came; it wraps ErrNotSent when the
// request cannot have arrived.
func (c *Client) exchange(ctx context.Context, f *function, r *Request) (outcome, error) {
	resp, err := f.upstream.Send(ctx, r)
	if err != nil {
		return outcome{}, err
	}
	defer resp.Body.Close()
	reason := runtimespec.Reason(resp.Header.Get(runtimespec.HeaderReason))
	if resp.Header.Get("Content-Type") != runtimespec.MediaFrames {
		return c.plain(resp, reason)
	}
	frames := runtimespec.NewFrameReader(resp.Body, c.cfg.MaxResult)
	for {
		frame, err := frames.Next()
		if err != nil {
			return outcome{}, err
		}
		switch frame.Stream {
		case runtimespec.Result:
			out := outcome{status: frame.Status, body: frame.Payload, reason: reason}
			if _, err := frames.Next(); err != io.EOF { // also frees the connection for the next run
				return outcome{}, fmt.Errorf("%w after the result", runtimespec.ErrFrame)
			}
			return out, nil
		case runtimespec.Cause:
			reason = runtimespec.Reason(frame.Payload)
		default:
			c.streams.log(frame.Stream, frame.Payload)
		}
	}
}

// plain reads an answer that is not in frames: a refusal of ours, or something
// else between us and the server that speaks HTTP.
func (c *Client) plain(resp *http.Response, reason runtimespec.Reason) (outcome, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(c.cfg.MaxResult)+1))
	if err != nil {
		return outcome{}, err
	}
	if reason == "" || len(body) > c.cfg.MaxResult {
		return failure(http.StatusBadGateway, runtimespec.Internal,
			"the upstream answered %s and is no server of this contract: %.200q", resp.Status, body), nil
	}
	return outcome{status: resp.StatusCode, body: body, reason: reason}, nil
}

// initialise tells the server about the function, leaving the code out first.
func (c *Client) initialise(ctx context.Context, f *function) outcome {
	return c.persist(ctx, f, func() (outcome, error) {
		var out outcome
		var err error
		for _, r := range f.requests() {
			r.Header = withTimeout(ctx, r.Header)
			if out, err = c.exchange(ctx, f, r); err != nil || out.reason != runtimespec.CodeNeeded {
				break
			}
		}
		return out, err
	})
}

// reinitialise is initialise for a server that forgot the function: runs that
// find out together share one.
func (c *Client) reinitialise(ctx context.Context, f *function) outcome {
	f.mu.Lock()
	mine := f.redo == nil
	if mine {
		f.redo = &redo{done: make(chan struct{})}
	}
	current := f.redo
	f.mu.Unlock()
	if !mine {
		select {
		case <-current.done:
			return current.outcome
		case <-ctx.Done():
			return failure(http.StatusBadGateway, runtimespec.Expired, "the time was over while the server was told about the function again")
		}
	}
	current.outcome = c.initialise(ctx, f)
	f.mu.Lock()
	f.redo = nil
	f.mu.Unlock()
	close(current.done)
	return current.outcome
}

// Pauses between attempts that were not started.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = 500 * time.Millisecond
)

// persist repeats an attempt for as long as nothing can have been started by
// it and time is left.
func (c *Client) persist(ctx context.Context, f *function, attempt func() (outcome, error)) outcome {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		out, err := attempt()
		var never refusedHost
		switch {
		case errors.As(err, &never):
			return failure(http.StatusForbidden, runtimespec.Forbidden, "%v", never)
		case err != nil && !errors.Is(err, ErrNotSent):
			return c.lost(ctx, f, err)
		case err == nil && (!out.reason.NotStarted() || out.reason == runtimespec.Expired):
			return out
		}
		if !waitFor(ctx, pause) {
			return c.neverStarted(f, out, err)
		}
	}
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
	if ctx.Err() != nil {
		return failure(http.StatusBadGateway, runtimespec.TimedOut, "the time limit was reached before the server at %s answered", f.upstream)
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
		return failure(status, "", "the server at %s cannot be reached, nothing was started: %v", f.upstream, err)
	}
	out.status = status
	return out
}

// withTimeout adds the time left to a request's header, less what the answer
// needs to come back: the server should be the one to say that time is over.
func withTimeout(ctx context.Context, h http.Header) http.Header {
	end, ok := ctx.Deadline()
	if !ok {
		return h
	}
	h = h.Clone()
	left := time.Until(end)
	runtimespec.SetTimeout(h, left-min(margin, left/10))
	return h
}
