package loadbalancer

import (
	"errors"
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// header is the request's, with the time that is left.
func (r *flight) header() hop.Header {
	h := append(hop.Header(r.fields[:0]), r.f.header...)
	add := func(name, value string) {
		if value != "" {
			h = append(h, hop.Field{Name: name, Value: value})
		}
	}
	add("Accept", r.c.HeaderValue("Accept"))
	add(runtimespec.HeaderActivation, r.c.HeaderValue(runtimespec.HeaderActivation))
	if !r.deadline.IsZero() {
		add(runtimespec.HeaderTimeout, runtimespec.FormatTimeout(time.Until(r.deadline)))
	}
	return way{r.b.hopsOf(r.c), r.span.Onward(r.c.Trace)}.onto(h)
}

// attempt sends the run to the server that was picked, and passes its answer on.
// After an error, again is whether the run has certainly not been started.
func (r *flight) attempt() (again bool, err error) {
	r.c.Tries++
	s := r.on
	r.c.Server = s.name
	r.span = r.observe(s)
	defer func() { r.observed(err) }()
	r.request = hop.Request{Path: runtimespec.PathRun, Header: r.header(), Body: r.body.bytes}
	began := time.Now()
	r.ran = s
	resp, err := s.pool.Send(r.ctx, &r.request)
	if err != nil {
		return r.unanswered(s, err)
	}
	load := resp.Head.Get(runtimespec.HeaderLoad)
	reason, ours := judged(resp)
	switch {
	case !ours:
		_ = resp.Close()
		r.finish(policy.Answer{Outcome: policy.Failed}, "")
		s.look()
		return false, lost("%s answered status %d and is no server of this contract; the run may have been started", s.public(), resp.Status)
	case reason.NotStarted() && reason != runtimespec.Expired:
		return r.refused(s, resp, reason, load)
	}
	r.b.route(resp, s)
	resp.WhenWritten(r.dropBody) // whatever comes now, the run is not sent again
	if resp.Size < 0 {           // it is of now, and the end may be far
		r.b.reported(s, load)
		load = ""
	}
	outcome := relay(r.ctx, r.c, resp)
	r.c.AtServer += time.Since(began)
	if outcome == policy.Answered && reason == runtimespec.Internal {
		outcome = policy.Failed
	}
	r.finish(policy.Answer{Outcome: outcome, Took: time.Since(began)}, load)
	if r.c.Whole {
		return false, nil
	}
	if outcome == policy.Failed {
		s.look()
	}
	cutOff(r.c)
	return false, nil
}

// judged is a failure's reason, and whether the answer is a server's of this
// contract at all.
func judged(resp *hop.Response) (reason runtimespec.Reason, ours bool) {
	_, ours = resp.Head.Only(runtimespec.HeaderServer)
	if resp.Status < http.StatusBadRequest {
		return "", ours
	}
	reason = runtimespec.Reason(resp.Head.Get(runtimespec.HeaderReason))
	return reason, ours && reason != ""
}

// unanswered sorts a request that got no answer.
func (r *flight) unanswered(s *backend, err error) (again bool, _ error) {
	notSent := errors.Is(err, hop.ErrNotSent)
	switch {
	case r.c.Context().Err() != nil:
		r.finish(policy.Answer{Outcome: policy.Left}, "")
		return false, endpoint.ErrLeft
	case r.ctx.Err() != nil && notSent:
		r.finish(policy.Answer{Outcome: policy.Left}, "")
		return false, r.ended(runtimespec.Expired, "the time was over before a server could be reached")
	case r.ctx.Err() != nil: // any caller may say how little time there is: checks tell whether the server is well
		r.finish(policy.Answer{Outcome: policy.Left}, "")
		s.look()
		return false, refusal(runtimespec.TimedOut, "the time limit was reached before %s answered", s.public()).Because(err)
	}
	r.finish(policy.Answer{Outcome: policy.Failed}, "")
	s.look()
	if notSent {
		r.ran = nil
		r.tried = append(r.tried, s.sched)
		r.b.metrics.retried("not-sent")
		if errors.Is(err, hop.ErrNoHTTP) {
			return true, garbledUnsent(s, err)
		}
		return true, away("%s cannot be reached: %s", s.public(), inWords(err)).Because(err)
	}
	if errors.Is(err, hop.ErrNoHTTP) {
		return false, garbled(s, "the run may have been started and is not sent again", err)
	}
	return false, lost("the connection to %s was lost after the run was sent; it may have run and is not sent again: %s", s.public(), inWords(err)).Because(err)
}
