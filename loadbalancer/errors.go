package loadbalancer

import (
	"net/http"

	refusals "github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// service is what callers are told that this is.
const service = "balancer"

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

// maxRetryAfter bounds what a server is believed, in seconds.
const maxRetryAfter = refusals.MaxRetryAfter

// reasonOf is the reason that an error is answered with.
func reasonOf(err error) runtimespec.Reason { return refusals.Of(err, service).Reason }
