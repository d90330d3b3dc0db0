package outcome

import (
	"errors"

	"github.com/whiskaway/whiskaway/internal/codestore"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/activation"
	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/host"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// Service is the name of this service in its messages.
const Service = "server"

// refuses maps errors to the contract. The first match counts.
var refuses = []struct {
	err    error
	reason runtimespec.Reason
	public string // empty: the error's own text
}{
	{build.ErrUnfinished, runtimespec.TimedOut, ""},
	{build.ErrBusy, runtimespec.Saturated, ""},
	{build.ErrClosed, runtimespec.Draining, ""},
	{process.ErrNotReady, runtimespec.TimedOut, ""},
	{activation.ErrCancelled, runtimespec.Cancelled, "The activation was cancelled and the action ended."},
	{activation.ErrShutdown, runtimespec.Cancelled, "The server was stopped before the action had finished."},
	{activation.ErrFull, runtimespec.TableFull, ""},
	{activation.ErrUnknown, runtimespec.UnknownActivation, ""},
	{activation.ErrResultGone, runtimespec.ResultGone, ""},
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
	{host.ErrStart, runtimespec.StartFailed, ""},
}

// Refusal returns the refusal that an error means to a caller.
func Refusal(err error) *refusal.Refusal {
	var r *refusal.Refusal
	var action *kind.ActionError
	var thrown *process.ThrownError
	var full *function.SaturatedError
	var exit *process.ExitError
	var late activation.Overdue
	var confine *sandbox.ConfineError
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, host.ErrStart) && host.Fault(err) != "":
		return refusal.New(runtimespec.HostFailed, "the function could not be started: %s", host.Fault(err))
	case errors.As(err, &confine):
		return refusal.New(runtimespec.StartFailed, "the server could not start the function; its log says why")
	case errors.As(err, &action):
		return refusal.New(runtimespec.InitFailed, "%s", action.Message)
	case errors.As(err, &exit):
		return refusal.New(runtimespec.Crashed, "%s", exit.Error())
	case errors.As(err, &thrown):
		return refusal.New(runtimespec.BadResult, "%s", thrown.Message)
	case errors.As(err, &full):
		return &refusal.Refusal{Reason: runtimespec.Saturated, Message: full.Error(), RetryAfter: full.RetryAfter}
	}
	for _, known := range refuses {
		if errors.Is(err, known.err) {
			if known.public != "" {
				return refusal.New(known.reason, "%s", known.public)
			}
			return refusal.New(known.reason, "%s", err.Error())
		}
	}
	if errors.As(err, &late) {
		return refusal.New(runtimespec.TimedOut, "%s", late.Error())
	}
	return refusal.Of(err, Service)
}

// Remembered returns the error that is remembered of a failed run. It also reports
// whether the run is remembered: a run that was not started may be tried again.
func Remembered(err error) (kept error, remember bool) {
	r := Refusal(err)
	return r, !r.Reason.NotStarted()
}
