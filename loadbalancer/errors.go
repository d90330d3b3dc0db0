package loadbalancer

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Refusal is an error with a reason of the contract and a public message.
type Refusal struct {
	Reason     runtimespec.Reason
	Message    string
	Status     int           // 0: the reason's
	RetryAfter time.Duration // of a reason that is transient; 0: soon

	away  bool  // the server could not be reached, and may come back
	cause error // for the log: it may name addresses and files; nil: the message is all
}

func (r *Refusal) Error() string {
	if r.cause != nil {
		return string(r.Reason) + ": " + r.Message + ": " + r.cause.Error()
	}
	return string(r.Reason) + ": " + r.Message
}

// because adds what only the log is told.
func (r *Refusal) because(cause error) *Refusal {
	r.cause = cause
	return r
}

func (r *Refusal) status() int {
	if r.Status != 0 {
		return r.Status
	}
	return r.Reason.Status()
}

func refusal(reason runtimespec.Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// away is for a server that nothing could be sent to.
func away(format string, args ...any) *Refusal {
	r := refusal(runtimespec.StartFailed, format, args...)
	r.away = true
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

// maxRetryAfter bounds what a caller is told to wait, in seconds.
const maxRetryAfter = 60

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
	if r.Reason.Transient() {
		h["Retry-After"] = []string{strconv.Itoa(int(max(1, min(maxRetryAfter, (r.RetryAfter+time.Second-1)/time.Second))))}
	}
	b.answer(c, r.status(), runtimespec.ErrorBody(r.Message))
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
