package loadbalancer

import (
	"errors"
	"net/http"
	"strconv"

	"go.uber.org/zap"

	refusals "github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Refusal is an error with a reason of the contract and a public message.
type Refusal = refusals.Refusal

func refusal(reason runtimespec.Reason, format string, args ...any) *Refusal {
	return refusals.New(reason, format, args...)
}

// away is for a server that nothing could be sent to.
func away(format string, args ...any) *Refusal {
	r := refusal(runtimespec.StartFailed, format, args...)
	r.Away = true
	return r
}

// lost is the answer to a run that may have been started and whose answer will
// not come.
func lost(format string, args ...any) *Refusal {
	r := refusal(runtimespec.Internal, format, args...)
	r.Status = http.StatusBadGateway
	return r
}

// Outcomes that are no reasons, for metrics and log.
const (
	outcomeLeft  = "caller-left"
	outcomeCut   = "cut"   // the answer broke off
	outcomeError = "error" // an answer that says no reason that is known
)

// errLeft is for a caller that is gone: there is nobody to answer.
var errLeft = errors.New("the caller hung up")

// asRefusal sorts any error.
func asRefusal(err error) *Refusal {
	var r *Refusal
	var large *tooLarge
	switch {
	case errors.As(err, &r):
		return r
	case errors.As(err, &large):
		return refusal(runtimespec.TooLarge, "%v", large)
	case errors.Is(err, runtimespec.ErrMalformed):
		return refusal(runtimespec.BadRequest, "%v", err)
	}
	return refusal(runtimespec.Internal, "internal error; the balancer's log says more")
}

// maxRetryAfter bounds what a server is believed, in seconds.
const maxRetryAfter = refusals.MaxRetryAfter

// refuse answers a request with an error, all of it in one write.
func (b *Balancer) refuse(c *call, err error) {
	if errors.Is(err, errLeft) {
		c.outcome = outcomeLeft
		panic(http.ErrAbortHandler)
	}
	r := asRefusal(err)
	if r.Reason == runtimespec.Internal && !c.isWork() { // which has its line when it ends
		b.log.Warn("refused", zap.Error(err), c.traceID())
	} else {
		b.log.Debug("refused", zap.Error(err), c.traceID())
	}
	c.outcome, c.failed = string(r.Reason), err
	h := c.w.Header()
	h[runtimespec.HeaderReason] = []string{string(r.Reason)}
	if seconds, ok := r.RetrySeconds(); ok {
		h["Retry-After"] = []string{strconv.Itoa(seconds)}
	}
	b.answer(c, r.StatusCode(), r.Body())
}

// answer is one of the balancer's own.
func (b *Balancer) answer(c *call, status int, body []byte) {
	h := c.w.Header()
	if h[runtimespec.HeaderServer] == nil {
		b.sign(h)
	}
	h["Content-Type"] = []string{"application/json"}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.status = status
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body)
}

var done = []byte(`{"ok":true}`)
