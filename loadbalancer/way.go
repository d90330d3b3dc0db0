package loadbalancer

import (
	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// way is how a request has come, as the next one says it.
type way struct {
	hops  string            // balancers that it has passed, this one too
	trace runtimespec.Trace // that it belongs to
}

// hopsOf are the balancers that a request has passed when this one passes it on.
func (b *Balancer) hopsOf(c *call) string {
	if visited := c.HeaderValue(runtimespec.HeaderHops); visited != "" {
		return visited + "," + b.id
	}
	return b.id
}

// onward is the way of what is asked of servers for a call.
func (b *Balancer) onward(c *call) way { return way{b.hopsOf(c), c.Onward()} }

// onto adds it to a header, which is the caller's to change.
func (w way) onto(h hop.Header) hop.Header {
	h = append(h, hop.Field{Name: runtimespec.HeaderHops, Value: w.hops})
	if w.trace.Parent != "" {
		h = append(h, hop.Field{Name: runtimespec.HeaderTrace, Value: w.trace.Parent})
	}
	if w.trace.State != "" {
		h = append(h, hop.Field{Name: runtimespec.HeaderTraceState, Value: w.trace.State})
	}
	return h
}
