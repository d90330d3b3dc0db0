package runtimespec

import (
	"maps"
	"net/http"
	"slices"
)

// Reason is the machine-readable cause of a refusal or failure, sent in
// HeaderReason. README.md lists them with what a caller should do.
type Reason string

// Reasons that mean *not started*: no process saw the request, the caller may
// send it again, here or elsewhere. In answer to a run that names its server
// they permit nothing: it was sent before, and may have begun then.
const (
	UnknownFunction Reason = "unknown-function" // init it, then run again
	CodeNeeded      Reason = "code-needed"      // send the whole init
	Saturated       Reason = "saturated"        // queue full, see Retry-After
	Draining        Reason = "draining"         // shutting down
	Expired         Reason = "expired"          // time was over while it waited in the queue
	TableFull       Reason = "table-full"       // as many activations are remembered as may be
	StartFailed     Reason = "start-failed"     // no process could be started for it; see the message
	HostFailed      Reason = "host-failed"      // the host lacks what a start needs, disk say; not worth repeating here
)

// Reasons that end the matter: sending the same again gives the same, or it
// may have run.
const (
	BadRequest        Reason = "bad-request"
	Unauthorized      Reason = "unauthorized"
	Forbidden         Reason = "forbidden"
	TooLarge          Reason = "too-large"
	UnsupportedKind   Reason = "unsupported-kind"
	InitFailed        Reason = "init-failed"        // the action's own fault: code, import, main
	Crashed           Reason = "crashed"            // the process ended during the run
	BadResult         Reason = "bad-result"         // no object or array, more than one line, or an exception
	TimedOut          Reason = "timed-out"          // killed at its deadline
	Cancelled         Reason = "cancelled"          // killed because the caller left or said so
	WrongServer       Reason = "wrong-server"       // the incarnation expected is gone
	UnknownActivation Reason = "unknown-activation" // asked for again, and not known here
	ResultGone        Reason = "result-gone"        // it ran, its result was dropped
	Internal          Reason = "internal"
)

var statuses = map[Reason]int{
	UnknownFunction:   http.StatusNotFound,
	CodeNeeded:        http.StatusConflict,
	Saturated:         http.StatusServiceUnavailable,
	Draining:          http.StatusServiceUnavailable,
	Expired:           http.StatusServiceUnavailable,
	TableFull:         http.StatusServiceUnavailable,
	StartFailed:       http.StatusServiceUnavailable,
	HostFailed:        http.StatusServiceUnavailable,
	BadRequest:        http.StatusBadRequest,
	Unauthorized:      http.StatusUnauthorized,
	Forbidden:         http.StatusForbidden,
	TooLarge:          http.StatusRequestEntityTooLarge,
	UnsupportedKind:   http.StatusBadGateway,
	InitFailed:        http.StatusBadGateway,
	Crashed:           http.StatusBadRequest, // as the ActionLoop runtimes answer
	BadResult:         http.StatusBadGateway,
	TimedOut:          http.StatusBadGateway,
	Cancelled:         http.StatusBadGateway,
	WrongServer:       http.StatusMisdirectedRequest,
	UnknownActivation: http.StatusGone,
	ResultGone:        http.StatusGone,
	Internal:          http.StatusInternalServerError,
}

// NotStarted reports whether the reason promises that no function process saw
// the request. An unknown reason promises nothing.
func (r Reason) NotStarted() bool {
	switch r {
	case UnknownFunction, CodeNeeded, Saturated, Draining, Expired, TableFull, StartFailed, HostFailed:
		return true
	}
	return false
}

// Transient reports whether the same request may succeed later at the same
// server without the caller changing anything.
func (r Reason) Transient() bool {
	switch r {
	case Saturated, Draining, TableFull, StartFailed:
		return true
	}
	return false
}

// Known reports whether the reason is one of the contract.
func (r Reason) Known() bool {
	_, ok := statuses[r]
	return ok
}

// Status is the HTTP status that goes with the reason.
func (r Reason) Status() int {
	if s, ok := statuses[r]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// Reasons lists every reason of the contract, sorted, for documents and tests.
func Reasons() []Reason { return slices.Sorted(maps.Keys(statuses)) }
