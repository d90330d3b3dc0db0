package runtimespec

import (
	"maps"
	"net/http"
	"slices"
)

// Reason is the machine-readable cause of a refusal or failure, sent in
// HeaderReason. README.md lists the reasons and what a caller should do.
type Reason string

// Reasons that mean *not started*: no process saw the request, so the caller
// may send it again, here or elsewhere. They permit nothing in answer to a run
// that names its server: it was sent before and may have started then.
const (
	UnknownFunction Reason = "unknown-function" // init it, then run again
	CodeNeeded      Reason = "code-needed"      // send the whole init
	Saturated       Reason = "saturated"        // queue full, see Retry-After
	Draining        Reason = "draining"         // shutting down
	Expired         Reason = "expired"          // the deadline passed in the queue
	TableFull       Reason = "table-full"       // the server remembers as many activations as it may
	StartFailed     Reason = "start-failed"     // no process could be started; see the message
	HostFailed      Reason = "host-failed"      // the host lacks what a start needs, such as disk space; not worth repeating here
)

// Reasons that are final: the same request fails again, or the run may have
// started.
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
	Cancelled         Reason = "cancelled"          // killed because the caller hung up or asked for it
	WrongServer       Reason = "wrong-server"       // the expected incarnation is gone
	UnknownActivation Reason = "unknown-activation" // asked for again, but not known here
	ResultGone        Reason = "result-gone"        // the run ended, but its result was dropped
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

// Status returns the HTTP status that goes with the reason.
func (r Reason) Status() int {
	if s, ok := statuses[r]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// Reasons returns every reason of the contract, sorted, for documents and
// tests.
func Reasons() []Reason { return slices.Sorted(maps.Keys(statuses)) }
