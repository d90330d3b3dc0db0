package loadbalancer

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/admission"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/dispatch"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// activation is a run with its body.
type activation struct {
	dispatch.Run
	body body
}

// run has one activation executed. Its body passes through as it came.
func (b *Balancer) run(c *call) error {
	o, err := c.Order(runtimespec.MaxTimeout)
	if err != nil {
		return err
	}
	if err := b.requests.Enter(c.Tenant); err != nil {
		return b.countSaturated(err)
	}
	defer b.requests.Leave(c.Tenant)
	in, err := b.read(c, admission.RunBody, b.settings().MaxRunBody, min(o.Limit, b.settings().QueueWait))
	if err != nil {
		return err
	}
	r := &activation{body: in}
	r.Run = dispatch.Run{
		Run:      state.Run{Key: keyOf(o), Activation: o.Activation},
		Exchange: &c.Exchange, To: caller{c}, Lease: o.Lease, Accept: c.HeaderValue("Accept"), Asked: o.Server,
		Bytes: in.bytes, Body: &r.body,
	}
	if o.Said > 0 {
		r.Deadline = c.Began.Add(o.Said)
	}
	return b.runs.Execute(&r.Run, o.Limit)
}

// passed are the headers of an answer that go on as they are.
var passed = [...]string{"Content-Type", runtimespec.HeaderServer, runtimespec.HeaderLoad, runtimespec.HeaderReason, "Retry-After"}

// caller is where the answer to a run goes.
type caller struct{ *call }

// Relay passes an answer on as it comes, without looking into it, and closes it. A
// small one goes out in one write; of a stream every piece at once. whole reports
// whether the caller got all of it.
func (c caller) Relay(ctx context.Context, resp *upstream.Response) (o policy.Outcome, whole bool) {
	defer resp.Close()
	h := c.W.Header()
	var values [len(passed)]string
	for i, name := range passed {
		if values[i] = resp.Head.Get(name); values[i] != "" {
			h[name] = values[i : i+1 : i+1]
		}
	}
	c.Outcome = values[3]
	c.Status = resp.Status
	if resp.Size >= 0 {
		h["Content-Length"] = []string{strconv.FormatInt(resp.Size, 10)}
	}
	buf := buffers.Get().(*[pooled]byte)
	defer buffers.Put(buf)
	if resp.Size >= 0 && resp.Size <= pooled {
		return c.relayWhole(ctx, resp, buf[:resp.Size])
	}
	limitWriting(ctx, c.call)
	c.W.WriteHeader(resp.Status)
	control := http.NewResponseController(c.W)
	if resp.Size < 0 && control.Flush() != nil {
		return policy.Left, false
	}
	for {
		n, err := resp.Read(buf[:])
		if n > 0 {
			if _, failed := c.W.Write(buf[:n]); failed != nil || resp.Size < 0 && control.Flush() != nil {
				return policy.Left, false
			}
		}
		switch {
		case err == io.EOF:
			return policy.Answered, true
		case err != nil:
			_ = control.Flush()
			return brokeOff(ctx), false
		}
	}
}

// fetchTime is how long after its time is over a caller may take to read a
// stream: one that never does would keep its place, and its server's, for ever.
const fetchTime = time.Minute

// limitWriting bounds how long an answer may take that is not one small write.
func limitWriting(ctx context.Context, c *call) {
	if end, ok := ctx.Deadline(); ok {
		_ = http.NewResponseController(c.W).SetWriteDeadline(end.Add(fetchTime))
	}
}

// relayWhole passes on an answer that is small. One that breaks off goes on so
// far: its head names the server to ask again.
func (c caller) relayWhole(ctx context.Context, resp *upstream.Response, buf []byte) (o policy.Outcome, whole bool) {
	n, err := io.ReadFull(resp, buf)
	c.W.WriteHeader(resp.Status)
	_, failed := c.W.Write(buf[:n])
	switch {
	case err != nil:
		_ = http.NewResponseController(c.W).Flush()
		return brokeOff(ctx), false
	case failed != nil:
		return policy.Left, false
	}
	return policy.Answered, true
}

// brokeOff returns the outcome of an answer that ended early. A server is not blamed
// for time that is over: any caller may say how little there is.
func brokeOff(ctx context.Context) policy.Outcome {
	if ctx.Err() != nil {
		return policy.Left
	}
	return policy.Failed
}
