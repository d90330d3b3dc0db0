// Package exchange is a caller's request on its way to servers: plain values of it,
// what is noted on the way, and how it may fail there. It knows no HTTP.
package exchange

import (
	"context"
	"errors"
	"time"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Exchange is a caller's request.
type Exchange struct {
	Caller context.Context // ends when the caller hangs up
	Tenant string
	Propagation
	Span trace.Span // of the request; none where traces are off

	Passed
}

// Passed is what is noted of a request that goes on to servers.
type Passed struct {
	Server   string        // name of the one that answered
	Tries    int           // how many were asked
	AtServer time.Duration // what it took there
	Queued   time.Duration // until one had room
}

// Propagation is how a request has come, as the next one says it.
type Propagation struct {
	Hops  string            // balancers that it has passed, this one too
	Trace runtimespec.Trace // that it belongs to
}

// Onto adds it to a header, which is the caller's to change.
func (p Propagation) Onto(h hop.Header) hop.Header {
	h = append(h, hop.Field{Name: runtimespec.HeaderHops, Value: p.Hops})
	if p.Trace.Parent != "" {
		h = append(h, hop.Field{Name: runtimespec.HeaderTrace, Value: p.Trace.Parent})
	}
	if p.Trace.State != "" {
		h = append(h, hop.Field{Name: runtimespec.HeaderTraceState, Value: p.Trace.State})
	}
	return h
}

// Onward is the propagation of what is asked of servers for the request.
func (x *Exchange) Onward() Propagation { return Propagation{x.Hops, x.Span.Onward(x.Trace)} }

// Service is what callers are told that this is.
const Service = "balancer"

// ErrCut is for an answer that broke off after its head was passed on: the caller has
// to see that, and asks the server again that the head names.
var ErrCut = errors.New("the answer broke off")

// Away is for a server that nothing could be sent to.
func Away(format string, args ...any) *refusal.Refusal {
	r := refusal.New(runtimespec.StartFailed, format, args...)
	r.Away = true
	return r
}

// Lost is what a run comes to that may have been started and gets no answer any more.
func Lost(format string, args ...any) *refusal.Refusal {
	r := refusal.New(runtimespec.Internal, format, args...)
	r.Status = badGateway
	return r
}

const badGateway = 502

// Reason is what an error means.
func Reason(err error) runtimespec.Reason { return refusal.Of(err, Service).Reason }
