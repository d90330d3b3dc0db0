// Package refusal is how a service says no: an error with a reason of the
// contract and a message that its caller may read. It depends on no HTTP server
// and no client.
package refusal

import (
	"errors"
	"fmt"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Refusal is an error with a reason of the contract and a public message.
type Refusal struct {
	Reason     runtimespec.Reason
	Message    string
	Status     int           // 0: the reason's status
	RetryAfter time.Duration // when the same may succeed, for a transient reason; 0: soon
	Away       bool          // the next server was unreachable and may come back
	Cause      error         // for the log: it may name addresses and files; nil: the message says all
}

// New returns a refusal with a message.
func New(reason runtimespec.Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Away returns the refusal for a server that nothing could be sent to.
func Away(format string, args ...any) *Refusal {
	r := New(runtimespec.StartFailed, format, args...)
	r.Away = true
	return r
}

// Lost returns the answer to a run that may have started and whose answer will not
// come.
func Lost(format string, args ...any) *Refusal {
	r := New(runtimespec.Internal, format, args...)
	r.Status = badGateway
	return r
}

const badGateway = 502 // net/http's; domain code does without

// ReasonOf returns the reason with which an error is answered.
func ReasonOf(err error) runtimespec.Reason { return Of(err, "").Reason }

// Of returns what an error means to a caller of a service. Only the log gets
// the text of an error that is no Refusal.
func Of(err error, service string) *Refusal {
	var r *Refusal
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, runtimespec.ErrMalformed):
		return New(runtimespec.BadRequest, "%v", err)
	}
	return New(runtimespec.Internal, "internal error; the %s's log says more", service)
}

// Because adds a cause, which only the log shows.
func (r *Refusal) Because(cause error) *Refusal {
	r.Cause = cause
	return r
}

// Error returns the text for the log. errors.Is does not see the cause: what
// the error meant at the next server says nothing about this request.
func (r *Refusal) Error() string {
	if r.Cause != nil {
		return string(r.Reason) + ": " + r.Message + ": " + r.Cause.Error()
	}
	return string(r.Reason) + ": " + r.Message
}

// StatusCode returns the HTTP status of the answer.
func (r *Refusal) StatusCode() int {
	if r.Status != 0 {
		return r.Status
	}
	return r.Reason.Status()
}

// MaxRetryAfter bounds the wait that a caller is asked for, in seconds.
const MaxRetryAfter = 60

// RetrySeconds returns the answer's Retry-After; ok reports whether it has one.
func (r *Refusal) RetrySeconds() (seconds int, ok bool) {
	whole := (r.RetryAfter + time.Second - 1) / time.Second
	return int(max(1, min(MaxRetryAfter, whole))), r.Reason.Transient()
}

// Body returns the answer's body.
func (r *Refusal) Body() []byte { return runtimespec.ErrorBody(r.Message) }
