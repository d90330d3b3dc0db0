package clientmode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/internal/sentinel"
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

// tail is how long a complete result waits for the end of its answer, which
// only tells whether the connection is good for the next run.
const tail = time.Second

// exchange sends one request and reads its answer, passing logs on as they
// come. An error means that no answer came: it wraps ErrNotSent when the request
// cannot have arrived, and is a cutOff when it did and the server is known.
func (c *Client) exchange(ctx context.Context, f *function, logs sentinel.Activation, r *hop.Request) (outcome, error) {
	resp, err := f.upstream.Send(ctx, r)
	if err != nil {
		return outcome{}, err
	}
	defer resp.Close()
	if !resp.Head.Is("Content-Type", runtimespec.MediaFrames) {
		return c.plain(f, resp)
	}
	var reason runtimespec.Reason
	frames := runtimespec.NewFrameReader(resp, c.cfg.MaxResult)
	for {
		frame, err := frames.Next()
		var large *runtimespec.ResultTooLarge
		switch {
		case errors.As(err, &large):
			return checked(tooLarge(large.Status, int64(large.Length), c.cfg.MaxResult, reason))
		case err != nil:
			return outcome{}, brokeOff(resp, err)
		}
		switch frame.Stream {
		case runtimespec.Result:
			if !resp.Ended() {
				resp.Within(tail)
			}
			if _, err := frames.Next(); errors.Is(err, runtimespec.ErrFrame) {
				return outcome{}, err
			} // anything else: the result is complete, whatever became of the connection
			return checked(outcome{status: frame.Status, body: frame.Payload, reason: reason})
		case runtimespec.Cause:
			reason = runtimespec.Reason(frame.Payload)
		default:
			logs.Log(frame.Stream, frame.Payload)
		}
	}
}

// checked refuses a status whose answer has no body: the platform would take
// the container for dead.
func checked(out outcome) (outcome, error) {
	if out.status == http.StatusNoContent || out.status == http.StatusNotModified {
		return outcome{}, fmt.Errorf("%w: result status %d", runtimespec.ErrFrame, out.status)
	}
	return out, nil
}

// plain reads an answer that is not in frames: a refusal of ours, or something
// else between us and the server that speaks HTTP.
func (c *Client) plain(f *function, resp *hop.Response) (outcome, error) {
	body, err := io.ReadAll(io.LimitReader(resp, int64(c.cfg.MaxResult)+1))
	reason := runtimespec.Reason(resp.Head.Get(runtimespec.HeaderReason))
	failed := resp.Status >= http.StatusBadRequest && resp.Status <= 599
	switch {
	case err != nil && failed && reason.NotStarted(): // the head says all that counts
		return failure(resp.Status, reason, "%s refused (%s), and its message was cut off", f.server, reason), nil
	case err != nil:
		return outcome{}, brokeOff(resp, err)
	case reason == "" || !failed || len(body) > c.cfg.MaxResult:
		return c.foreign(f, resp.Status, body), nil
	}
	return outcome{status: resp.Status, body: body, reason: reason}, nil
}

// foreign is the outcome where something else answers than a server of ours. What
// it says is for the operator: a proxy's error names hosts.
func (c *Client) foreign(f *function, status int, body []byte) outcome {
	c.log.Warn("the upstream is no server of this contract",
		zap.Stringer("upstream", f.upstream), zap.Int("status", status), zap.String("body", fmt.Sprintf("%.200q", body)))
	hint := "look at what listens there"
	if status == http.StatusBadRequest && bytes.Contains(body, []byte("HTTPS")) {
		hint = hop.CauseTLS.String()
	}
	return failure(http.StatusBadGateway, runtimespec.Internal, "%s answered %s and is no server of this contract: %s", f.server, statusText(status), hint)
}

// tooLarge is the outcome of a result over the limit, in the platform's words. A
// success is an application error then.
func tooLarge(status int, length int64, limit int, reason runtimespec.Reason) outcome {
	return failure(status, reason, "The action produced a response that exceeded the allowed length: %d > %d bytes.", length, limit)
}

// statusText is a status as people read it.
func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}
