package servermode

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/codestore"
	refusals "github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// Causes for which the server itself ends a run.
var (
	errTimedOut  = errors.New("the time limit was exceeded") // see overdue
	errCancelled = errors.New("the caller cancelled it")
	errShutdown  = errors.New("the server was stopped")
)

// Refusal is an error with a reason of the contract and a public message.
type Refusal = refusals.Refusal

func refusal(reason runtimespec.Reason, message string) *Refusal {
	return &Refusal{Reason: reason, Message: message}
}

// refuses maps the errors below the HTTP face to the contract; the first that
// matches counts.
var refuses = []struct {
	err    error
	reason runtimespec.Reason
	public string // empty: the error's own text
}{
	{build.ErrUnfinished, runtimespec.TimedOut, ""},
	{build.ErrBusy, runtimespec.Saturated, ""},
	{build.ErrClosed, runtimespec.Draining, ""},
	{process.ErrNotReady, runtimespec.TimedOut, ""},
	{errCancelled, runtimespec.Cancelled, "The activation was cancelled and the action ended."},
	{errShutdown, runtimespec.Cancelled, "The server was stopped before the action had finished."},
	{function.ErrUnknown, runtimespec.UnknownFunction, ""},
	{function.ErrSaturated, runtimespec.Saturated, ""},
	{function.ErrDraining, runtimespec.Draining, ""},
	{function.ErrExpired, runtimespec.Expired, ""},
	{codestore.ErrMissing, runtimespec.CodeNeeded, ""},
	{kind.ErrUnsupported, runtimespec.UnsupportedKind, ""},
	{process.ErrExtraOutput, runtimespec.BadResult, "The action wrote more than one result."},
	{process.ErrProtocol, runtimespec.BadResult, ""},
	{process.ErrExited, runtimespec.Crashed, "command exited"},
	{process.ErrNotDelivered, runtimespec.InitFailed, "cannot start action: its processes end before they take a run"},
	{errStart, runtimespec.StartFailed, ""},
	{runtimespec.ErrMalformed, runtimespec.BadRequest, ""},
}

// asRefusal sorts any error.
func asRefusal(err error) *Refusal {
	var r *Refusal
	var action *kind.ActionError
	var thrown *process.ThrownError
	var full *function.SaturatedError
	var exit *process.ExitError
	var late overdue
	var confine *sandbox.ConfineError
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, errStart) && hostFault(err) != "":
		return refusal(runtimespec.HostFailed, "the function could not be started: "+hostFault(err))
	case errors.As(err, &confine):
		return refusal(runtimespec.StartFailed, "the server could not start the function; its log says why")
	case errors.As(err, &action):
		return refusal(runtimespec.InitFailed, action.Message)
	case errors.As(err, &exit):
		return refusal(runtimespec.Crashed, exit.Error())
	case errors.As(err, &thrown):
		return refusal(runtimespec.BadResult, thrown.Message)
	case errors.As(err, &full):
		return &Refusal{Reason: runtimespec.Saturated, Message: full.Error(), RetryAfter: full.RetryAfter}
	}
	for _, known := range refuses {
		if errors.Is(err, known.err) {
			if known.public != "" {
				return refusal(known.reason, known.public)
			}
			return refusal(known.reason, err.Error())
		}
	}
	if errors.As(err, &late) {
		return refusal(runtimespec.TimedOut, late.Error())
	}
	return refusal(runtimespec.Internal, "internal error; the server's log says more")
}

// refuse answers a request with an error, all of it in one write.
func (s *Server) refuse(c *call, err error) {
	r := asRefusal(err)
	s.note(c, r, err)
	h := c.w.Header()
	h.Set(runtimespec.HeaderReason, string(r.Reason))
	if seconds, ok := r.RetrySeconds(); ok {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
	writeJSON(c.w, r.StatusCode(), r.Body())
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// note logs a refusal, louder when it is the server's own fault.
func (s *Server) note(c *call, r *Refusal, err error) {
	c.failed(r.Reason)
	fields := []zap.Field{zap.String("reason", string(r.Reason)), zap.Error(err), c.traceID()}
	switch r.Reason {
	case runtimespec.Internal, runtimespec.StartFailed, runtimespec.HostFailed:
		s.log.Error("refused", fields...)
	default:
		if !errors.Is(err, context.Canceled) {
			s.log.Debug("refused", fields...)
		}
	}
}
