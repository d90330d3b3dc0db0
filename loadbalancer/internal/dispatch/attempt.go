package dispatch

import (
	"errors"
	"time"

	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/backend"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// header is the request's, with the time that is left.
func (r *Run) header(identity string) upstream.Header {
	h := r.d.AppendHeader(r.fields[:0], identity, r.Key.Tenant)
	add := func(name, value string) {
		if value != "" {
			h = append(h, upstream.Field{Name: name, Value: value})
		}
	}
	add(runtimespec.HeaderServer, r.Asked)
	add("Accept", r.Accept)
	add(runtimespec.HeaderActivation, r.Activation)
	if !r.Deadline.IsZero() {
		add(runtimespec.HeaderTimeout, runtimespec.FormatTimeout(time.Until(r.Deadline)))
	}
	return exchange.Propagation{Hops: r.Hops, Trace: r.span.Onward(r.Trace)}.Onto(h)
}

// attempt sends the run to the server that was picked, and passes its answer on. After
// an error, retry reports whether the run has certainly not been started.
func (r *Run) attempt() (retry bool, err error) {
	s, b := r.Run.Server, backend.Of(r.Run.Server)
	r.Tries++
	r.Exchange.Server = s.Name
	r.beginSpan()
	defer func() { r.endSpan(err) }()
	r.request = upstream.Request{Path: runtimespec.PathRun, Header: r.header(r.Function.Identity), Body: r.Bytes}
	began := time.Now()
	r.Started = s
	resp, err := b.Send(r.ctx, &r.request)
	if err != nil {
		return r.unanswered(b, err)
	}
	reason, ours := backend.Judge(resp)
	switch {
	case !ours:
		_ = resp.Close()
		r.finish(policy.Answer{Outcome: policy.Failed}, nil)
		b.Check()
		return false, refusal.Lost("%s answered status %d and is no server of this contract; the run may have been started", b.Public(), resp.Status)
	case reason.NotStarted() && reason != runtimespec.Expired:
		return r.refused(resp, reason)
	}
	return false, r.relay(b, resp, reason, began)
}

// relay passes an answer on.
func (r *Run) relay(b *backend.Backend, resp *upstream.Response, reason runtimespec.Reason, began time.Time) error {
	var begun, ended *runtimespec.Load
	if load, ok := backend.Load(resp); ok && resp.Size < 0 { // it is of now, and the end may be far
		begun = &load
	} else if ok {
		ended = &load
	}
	r.d.CarryOut(r.d.State.AnswerBegan(&r.Run, resp.Head.Get(runtimespec.HeaderServer), begun, time.Now()))
	resp.WhenWritten(r.dropBody) // whatever comes now, the run is not sent again
	outcome, whole := r.To.Relay(r.ctx, resp)
	took := time.Since(began)
	r.AtServer += took
	if outcome == policy.Answered && reason == runtimespec.Internal {
		outcome = policy.Failed
	}
	r.finish(policy.Answer{Outcome: outcome, Took: took}, ended)
	if whole {
		return nil
	}
	if outcome == policy.Failed {
		b.Check()
	}
	return exchange.ErrCut
}

// refused sorts a run that a server has not started. One that does not know the
// function is told about it with the next pick.
func (r *Run) refused(resp *upstream.Response, reason runtimespec.Reason) (retry bool, _ error) {
	r.Started = nil
	after, text := backend.RetryAfter(resp), backend.ReadMessage(resp)
	load, has := backend.Load(resp)
	report := &load
	if !has {
		report = nil
	}
	_ = resp.Close()
	r.d.CarryOut(r.d.State.Refused(&r.Run, reason, after, report, time.Now()))
	r.d.Metrics.Retried(string(reason))
	return true, &refusal.Refusal{Reason: reason, Message: text, RetryAfter: after}
}

// unanswered sorts a request that got no answer.
func (r *Run) unanswered(b *backend.Backend, err error) (retry bool, _ error) {
	notSent := errors.Is(err, upstream.ErrNotSent)
	switch {
	case r.Caller.Err() != nil:
		r.finish(policy.Answer{Outcome: policy.Left}, nil)
		return false, exchange.ErrLeft
	case r.ctx.Err() != nil && notSent:
		r.finish(policy.Answer{Outcome: policy.Left}, nil)
		return false, r.ended(runtimespec.Expired, "the time was over before a server could be reached")
	case r.ctx.Err() != nil: // any caller may say how little time there is: checks tell whether the server is well
		r.finish(policy.Answer{Outcome: policy.Left}, nil)
		b.Check()
		return false, refusal.New(runtimespec.TimedOut, "the time limit was reached before %s answered", b.Public()).Because(err)
	}
	if notSent {
		return r.notSent(b, err)
	}
	r.finish(policy.Answer{Outcome: policy.Failed}, nil)
	b.Check()
	if errors.Is(err, upstream.ErrNoHTTP) {
		return false, b.Garbled("the run may have been started and is not sent again", err)
	}
	return false, refusal.Lost("the connection to %s was lost after the run was sent; it may have run and is not sent again: %s", b.Public(), backend.Words(err)).Because(err)
}

func (r *Run) notSent(b *backend.Backend, err error) (retry bool, _ error) {
	r.Started = nil
	r.d.CarryOut(r.d.State.NotSent(&r.Run, time.Now()))
	b.Check()
	r.d.Metrics.Retried("not-sent")
	if errors.Is(err, upstream.ErrNoHTTP) {
		return true, b.GarbledUnsent(err)
	}
	return true, refusal.Away("%s cannot be reached: %s", b.Public(), backend.Words(err)).Because(err)
}

// beginSpan begins the span of the request to a server.
func (r *Run) beginSpan() {
	if r.span = r.Span.Call("run at server"); r.span.On() {
		r.span.Text("whiskaway.server", r.Run.Server.Name)
		r.span.Text("whiskaway.policy", r.d.Policy())
		r.span.Text("whiskaway.why", r.Why.String())
		r.span.Flag("faas.coldstart", r.Init != nil)
	}
}

// endSpan ends it. An answer that was relayed is told by what it says.
func (r *Run) endSpan(err error) {
	switch {
	case !r.span.On():
	case err == nil:
		exchange.EndSpan(r.span, r.To.Result())
	case errors.Is(err, exchange.ErrCut):
		exchange.EndSpan(r.span, exchange.Cut)
	default:
		exchange.EndSpan(r.span, string(refusal.ReasonOf(err)))
	}
}
