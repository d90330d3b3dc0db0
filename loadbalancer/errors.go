package loadbalancer

import (
	"errors"
	"net/http"
	"strconv"

	"go.uber.org/zap"

	refusals "github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/exchange"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Refusal is an error with a reason of the contract and a public message.
type Refusal = refusals.Refusal

func refusal(reason runtimespec.Reason, format string, args ...any) *Refusal {
	return refusals.New(reason, format, args...)
}

// countSaturated returns err, and counts a request that found no room.
func (b *Balancer) countSaturated(err error) error {
	var r *Refusal
	if errors.As(err, &r) && r.Reason == runtimespec.Saturated {
		b.saturated.Add(1)
	}
	return err
}

// asRefusal sorts any error.
func asRefusal(err error) *Refusal {
	if large := (*tooLarge)(nil); errors.As(err, &large) {
		return refusal(runtimespec.TooLarge, "%v", large)
	}
	return refusals.Of(err, exchange.Service)
}

// refuse answers a request with an error, all of it in one write.
func (b *Balancer) refuse(c *call, err error) {
	if errors.Is(err, exchange.ErrLeft) {
		c.outcome = exchange.Left
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
