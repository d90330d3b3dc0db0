package loadbalancer

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// reply is the answer to an init. To a caller that wants frames and whose init
// it is, it becomes a stream once the function writes something.
type reply struct {
	b     *Balancer
	c     *call
	began bool // the head is out: whatever follows is told in frames
}

// follow waits for the end of an init and passes on what is written meanwhile.
func (o *reply) follow(ctx context.Context, l *loading) error {
	for {
		select {
		case <-l.done:
			return nil
		case <-ctx.Done():
			left := o.pass(ctx, l.logs)
			l.logs.drop()
			return cmp.Or(left, context.Cause(ctx))
		case <-l.logs.more:
			if err := o.pass(ctx, l.logs); err != nil {
				l.logs.drop()
				return err
			}
		}
	}
}

// pass passes on what was written since the last time, if that is the caller's.
func (o *reply) pass(ctx context.Context, logs *written) error {
	if logs == nil {
		return nil
	}
	server, frames := logs.take()
	if len(frames) == 0 {
		return nil
	}
	o.head(ctx, server)
	if _, err := o.c.W.Write(frames); err != nil || http.NewResponseController(o.c.W).Flush() != nil {
		return endpoint.ErrLeft
	}
	return nil
}

// await waits for an init, whose logs are passed on to the caller whose they are.
func (o *reply) await(ctx context.Context, l *loading, mine bool) (logs *written, err error) {
	if !mine || !o.c.WantsFrames() {
		return nil, l.wait(ctx)
	}
	return l.logs, o.follow(ctx, l)
}

// head begins the stream.
func (o *reply) head(ctx context.Context, server string) {
	if o.began {
		return
	}
	o.began = true
	limitWriting(ctx, o.c)
	o.sign(server)
	o.c.W.Header()["Content-Type"] = []string{runtimespec.MediaFrames}
	o.c.Status = http.StatusOK
	o.c.W.WriteHeader(http.StatusOK)
}

// sign says who answers: the server that did, or the balancer.
func (o *reply) sign(server string) {
	h := o.c.W.Header()
	o.b.endpoint.Sign(h)
	if server != "" {
		h[runtimespec.HeaderServer] = []string{server}
	}
}

// end is what a server said, and what it wrote and was not passed on yet; logs
// is nil where they are somebody else's.
func (o *reply) end(ctx context.Context, a answer, logs *written) {
	c, h := o.c, o.c.W.Header()
	if c.Outcome = string(a.reason); !a.ok() {
		c.Failed = errors.New(message(a.result))
	}
	if o.began || c.WantsFrames() && (a.ok() || a.framed && logs != nil) {
		var rest []byte
		if logs != nil {
			_, rest = logs.take()
		}
		o.tail(ctx, a.server, a.appendTo(rest))
		return
	}
	o.sign(a.server)
	if a.reason != "" {
		h[runtimespec.HeaderReason] = []string{string(a.reason)}
		if a.reason.Transient() {
			h["Retry-After"] = []string{"1"}
		}
	}
	c.Answer(a.status, a.result)
}

// failed answers with an error if the stream has begun; else that is left to
// whoever answers errors.
func (o *reply) failed(ctx context.Context, err error) error {
	if err == nil || !o.began || errors.Is(err, endpoint.ErrLeft) {
		return err
	}
	r := o.c.Note(err)
	o.tail(ctx, "", answer{status: r.StatusCode(), reason: r.Reason, result: r.Body()}.appendTo(nil))
	return nil
}

// tail is the last frames, which are all of them if the stream has not begun.
func (o *reply) tail(ctx context.Context, server string, frames []byte) {
	if h := o.c.W.Header(); !o.began {
		limitWriting(ctx, o.c)
		o.sign(server)
		h["Content-Type"] = []string{runtimespec.MediaFrames}
		h["Content-Length"] = []string{strconv.Itoa(len(frames))}
		o.c.Status = http.StatusOK
	}
	_, _ = o.c.W.Write(frames)
}
