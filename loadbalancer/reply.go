package loadbalancer

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/initload"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// reply is the answer to an init. To a caller that wants frames and whose init
// it is, it becomes a stream once the function writes something.
type reply struct {
	b     *Balancer
	c     *call
	began bool // the head is out: whatever follows is told in frames
}

// WantsFrames reports whether the caller wants to see what its init writes.
func (o *reply) WantsFrames() bool { return o.c.WantsFrames() }

// Pass passes on what an incarnation has written.
func (o *reply) Pass(ctx context.Context, server string, frames []byte) error {
	o.head(ctx, server)
	if _, err := o.c.W.Write(frames); err != nil || http.NewResponseController(o.c.W).Flush() != nil {
		return exchange.ErrLeft
	}
	return nil
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

// sign names the one that answers: the server, or the balancer.
func (o *reply) sign(server string) {
	h := o.c.W.Header()
	o.b.endpoint.Sign(h)
	if server != "" {
		h[runtimespec.HeaderServer] = []string{server}
	}
}

// end is what a server said, and what it wrote and was not passed on yet; log is nil
// where it is another caller's.
func (o *reply) end(ctx context.Context, a initload.Answer, log *initload.Log) {
	c, h := o.c, o.c.W.Header()
	if c.Outcome = string(a.Reason); !a.OK() {
		c.Failed = errors.New(a.Message())
	}
	if o.began || c.WantsFrames() && (a.OK() || a.Framed && log != nil) {
		var rest []byte
		if log != nil {
			_, rest = log.Take()
		}
		o.tail(ctx, a.Server, a.AppendTo(rest))
		return
	}
	o.sign(a.Server)
	if a.Reason != "" {
		h[runtimespec.HeaderReason] = []string{string(a.Reason)}
		if a.Reason.Transient() {
			h["Retry-After"] = []string{"1"}
		}
	}
	c.Answer(a.Status, a.Result)
}

// failed answers with an error if the stream has started; else the endpoint does.
func (o *reply) failed(ctx context.Context, err error) error {
	if err == nil || !o.began || errors.Is(err, exchange.ErrLeft) {
		return err
	}
	r := o.c.Note(err)
	o.tail(ctx, "", initload.Answer{Status: r.StatusCode(), Reason: r.Reason, Result: r.Body()}.AppendTo(nil))
	return nil
}

// tail is the last frames, which are all of them if the stream has not started.
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
