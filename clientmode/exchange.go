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

	"github.com/whiskaway/whiskaway/internal/sentinel"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// outcome is the result of an init or a run, as the platform is answered.
type outcome struct {
	status int
	body   []byte
	reason runtimespec.Reason // of a failure, if one was given
}

func failure(status int, reason runtimespec.Reason, format string, args ...any) outcome {
	return outcome{status: status, body: runtimespec.ErrorBody(fmt.Sprintf(format, args...)), reason: reason}
}

// tail bounds the wait for the end of an answer after its complete result. The end
// only tells whether the connection can be used again.
const tail = time.Second

// exchange sends one request and reads its answer; logs are passed on as they
// come. An error means that there is no complete answer. It wraps ErrNotSent when
// the request cannot have arrived, and is a cutOff when the server is known.
func (c *Client) exchange(ctx context.Context, f *function, logs sentinel.Activation, r *upstream.Request) (outcome, error) {
	resp, err := f.upstream.Send(ctx, r)
	if err != nil {
		return outcome{}, err
	}
	defer resp.Close()
	if !resp.Head.Is("Content-Type", runtimespec.MediaFrames) {
		return c.unframed(f, resp)
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
			} // after any other error the result is still complete
			return checked(outcome{status: frame.Status, body: frame.Payload, reason: reason})
		case runtimespec.Cause:
			reason = runtimespec.Reason(frame.Payload)
		default:
			logs.Log(frame.Stream, frame.Payload)
		}
	}
}

// checked refuses a status whose answer would have no body: the platform would
// take the container for dead.
func checked(out outcome) (outcome, error) {
	if out.status == http.StatusNoContent || out.status == http.StatusNotModified {
		return outcome{}, fmt.Errorf("%w: result status %d", runtimespec.ErrFrame, out.status)
	}
	return out, nil
}

// unframed reads an answer without frames: a refusal of the contract, or the
// answer of something else that speaks HTTP.
func (c *Client) unframed(f *function, resp *upstream.Response) (outcome, error) {
	body, err := io.ReadAll(io.LimitReader(resp, int64(c.cfg.MaxResult)+1))
	reason := runtimespec.Reason(resp.Head.Get(runtimespec.HeaderReason))
	failed := resp.Status >= http.StatusBadRequest && resp.Status <= 599
	switch {
	case err != nil && failed && reason.NotStarted(): // the head is enough
		return failure(resp.Status, reason, "%s refused (%s), and its message was cut off", f.server, reason), nil
	case err != nil:
		return outcome{}, brokeOff(resp, err)
	case reason == "" || !failed || len(body) > c.cfg.MaxResult:
		return c.unknownPeer(f, resp.Status, body), nil
	}
	return outcome{status: resp.Status, body: body, reason: reason}, nil
}

// unknownPeer returns the outcome where the answer is not the contract's. The
// operator's log has its text; the author does not see it, because a proxy's error
// names hosts.
func (c *Client) unknownPeer(f *function, status int, body []byte) outcome {
	c.log.Warn("the upstream is no server of this contract",
		zap.Stringer("upstream", f.upstream), zap.Int("status", status), zap.String("body", fmt.Sprintf("%.200q", body)))
	hint := "look at what listens there"
	if status == http.StatusBadRequest && bytes.Contains(body, []byte("HTTPS")) {
		hint = upstream.CauseTLS.String()
	}
	return failure(http.StatusBadGateway, runtimespec.Internal, "%s answered %s and is no server of this contract: %s", f.server, statusText(status), hint)
}

// tooLarge returns the outcome of a result over the limit, in the platform's
// words. A success becomes an application error.
func tooLarge(status int, length int64, limit int, reason runtimespec.Reason) outcome {
	return failure(status, reason, "The action produced a response that exceeded the allowed length: %d > %d bytes.", length, limit)
}

// statusText formats a status.
func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}
