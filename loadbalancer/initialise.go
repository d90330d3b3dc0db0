package loadbalancer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	maxResult = 2 << 20  // of an init, bytes
	maxLogs   = 16 << 20 // the whole answer
)

// answer is what a server said to an init.
type answer struct {
	status     int // of the result
	reason     runtimespec.Reason
	result     []byte // JSON
	framed     bool   // it came in frames
	server     string // its incarnation
	retryAfter time.Duration
}

func (a answer) ok() bool { return a.status == http.StatusOK }

// elsewhere is whether another server may do what this one did not.
func (a answer) elsewhere() bool {
	return a.reason.NotStarted() && a.reason != runtimespec.Expired && a.reason != runtimespec.CodeNeeded || a.reason == runtimespec.UnsupportedKind
}

// errLarge is for an init's answer that is too large to be kept.
var errLarge = fmt.Errorf("its answer is larger than %d bytes", maxResult)

// errNoCode is when the balancer does not have the code that a server needs.
var errNoCode = errors.New("the code is no longer cached")

// initialise tells a server about a function, leaving the code out first.
func (b *Balancer) initialise(ctx context.Context, f *function, r *recipe, s *backend, l *loading) (answer, error) {
	a, err := b.sendInit(ctx, f, r, s, l, r.body)
	if err != nil || a.reason != runtimespec.CodeNeeded || r.whole {
		return a, err
	}
	code, err := b.store.Get(f.key.tenant, r.code)
	if err != nil {
		return answer{}, errors.Join(errNoCode, err)
	}
	init, err := runtimespec.ParseInit(r.body)
	if err != nil {
		return answer{}, err
	}
	whole := init.WithCode(code)
	if whole == nil {
		return answer{}, errNoCode
	}
	return b.sendInit(ctx, f, r, s, l, whole)
}

func (b *Balancer) sendInit(ctx context.Context, f *function, r *recipe, s *backend, l *loading, body []byte) (answer, error) {
	header := l.onto(f.header.With(r.header...))
	if end, ok := ctx.Deadline(); ok {
		header = append(header, hop.Field{Name: runtimespec.HeaderTimeout, Value: runtimespec.FormatTimeout(time.Until(end))})
	}
	resp, err := s.pool.Send(ctx, &hop.Request{Path: runtimespec.PathInit, Header: header, Body: body})
	if err != nil {
		return answer{}, err
	}
	defer resp.Close()
	a := answer{
		status: resp.Status, reason: runtimespec.Reason(resp.Head.Get(runtimespec.HeaderReason)),
		server: resp.Head.Get(runtimespec.HeaderServer), retryAfter: retryAfter(resp),
	}
	if resp.Head.Is("Content-Type", runtimespec.MediaFrames) {
		l.logs.by(a.server)
		err = a.read(resp, l.logs)
		return a, err
	}
	if a.reason == "" && !a.ok() || a.server == "" {
		return answer{}, fmt.Errorf("%w: it answered status %d", errNotOurs, a.status)
	}
	a.result, err = io.ReadAll(io.LimitReader(resp, maxResult+1))
	if err == nil && len(a.result) > maxResult {
		err = errLarge
	}
	if err != nil && a.reason != "" { // that much is certain
		a.result = runtimespec.ErrorBody(fmt.Sprintf("%s refused, and did not come to say why: %s", s.public(), inWords(err)))
		return a, nil
	}
	return a, err
}

// read reads an answer in frames, of which logs gets what is no result.
func (a *answer) read(from io.Reader, logs *written) error {
	frames := runtimespec.NewFrameReader(io.LimitReader(from, maxLogs), maxResult)
	for {
		frame, err := frames.Next()
		if err != nil {
			return err
		}
		switch frame.Stream {
		case runtimespec.Cause:
			a.reason = runtimespec.Reason(frame.Payload)
		case runtimespec.Result:
			a.status, a.result, a.framed = frame.Status, frame.Payload, true
			if _, err := frames.Next(); err != io.EOF {
				return err
			}
			return nil
		default:
			logs.add(frame.Stream, frame.Payload)
		}
	}
}

// appendTo appends the answer in frames: a failure with its cause.
func (a answer) appendTo(frames []byte) []byte {
	if a.reason != "" && a.status >= http.StatusBadRequest {
		frames = runtimespec.AppendFrame(frames, runtimespec.Cause, 0, []byte(a.reason))
	}
	return runtimespec.AppendFrame(frames, runtimespec.Result, a.status, a.result)
}

// retryAfter is when a server said that it may have room again. It is rounded up
// to whole seconds; what is certain is a second less.
func retryAfter(resp *hop.Response) time.Duration {
	value := resp.Head.Get("Retry-After")
	seconds, err := strconv.Atoi(value)
	if value == "" || err != nil || seconds < 1 {
		return 0
	}
	return max(leastRetry, time.Duration(min(seconds, maxRetryAfter)-1)*time.Second)
}

// leastRetry is how long a server that is full is left alone at least.
const leastRetry = 50 * time.Millisecond
