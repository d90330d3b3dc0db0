// Package exchange is a caller's request as domain code sees it: plain values,
// a record of what was done for it, and its outcome. It depends on no HTTP
// server.
package exchange

import (
	"context"
	"errors"
	"time"

	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Exchange is a caller's request.
type Exchange struct {
	Caller context.Context // ends when the caller hangs up
	Tenant string
	Propagation
	Span trace.Span // of an init, a run or a stop; none if traces are off

	Passed
}

// Passed is what is recorded about a request that is sent on to servers.
type Passed struct {
	Server   string        // name of the server that answered
	Tries    int           // number of servers asked
	AtServer time.Duration // time spent there
	Queued   time.Duration // time until a server had a free slot
}

// Propagation is what a request tells the next service about its way.
type Propagation struct {
	Hops  string            // balancers that it has passed, including this one
	Trace runtimespec.Trace // trace that it belongs to
}

// Onto appends the fields to a header, which the caller must be free to change.
func (p Propagation) Onto(h upstream.Header) upstream.Header {
	h = append(h, upstream.Field{Name: runtimespec.HeaderHops, Value: p.Hops})
	if p.Trace.Parent != "" {
		h = append(h, upstream.Field{Name: runtimespec.HeaderTrace, Value: p.Trace.Parent})
	}
	if p.Trace.State != "" {
		h = append(h, upstream.Field{Name: runtimespec.HeaderTraceState, Value: p.Trace.State})
	}
	return h
}

// Onward returns the propagation for the requests that the service sends for
// this one.
func (x *Exchange) Onward() Propagation { return Propagation{x.Hops, x.Span.Onward(x.Trace)} }

// Errors after which no answer can be sent.
var (
	// ErrLeft reports that the caller has hung up.
	ErrLeft = errors.New("the caller hung up")
	// ErrCut reports that the answer broke off after its head was passed on.
	// The caller must notice that, and asks the server that the head names
	// again.
	ErrCut = errors.New("the answer broke off")
)

// Outcomes that are no reasons, for metrics, spans and the log.
const (
	OK    = "ok"
	Left  = "caller-left"
	Cut   = "cut"
	Error = "error" // an answer without a known reason
)

// EndSpan ends a span with the outcome. Two refusals are no failures, because
// they are a step of every init or run: code is asked for, or a function is
// initialised again.
func EndSpan(s trace.Span, outcome string) {
	if !s.On() {
		return
	}
	s.Text("whiskaway.outcome", outcome)
	switch outcome {
	case OK, string(runtimespec.CodeNeeded), string(runtimespec.UnknownFunction):
	default:
		s.Fail(outcome)
	}
	s.End()
}
