package servermode

import (
	"errors"

	"github.com/whiskaway/whiskaway/internal/codestore"
	refusals "github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// service is what callers are told that this is.
const service = "server"

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
	return refusals.Of(err, service)
}
