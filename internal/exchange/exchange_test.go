package exchange_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestExchange_GoesOnWithItsHopsAndTrace(t *testing.T) {
	own := upstream.Header{{Name: "Accept", Value: "*/*"}}
	x := exchange.Exchange{Propagation: exchange.Propagation{Hops: "a,b"}}
	assert.Equal(t, append(own, upstream.Field{Name: runtimespec.HeaderHops, Value: "a,b"}), x.Onward().Onto(own.With()))

	x.Trace = runtimespec.Trace{Parent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", State: "a=b"}
	assert.Equal(t, append(own, upstream.Field{Name: runtimespec.HeaderHops, Value: "a,b"},
		upstream.Field{Name: runtimespec.HeaderTrace, Value: x.Trace.Parent}, upstream.Field{Name: runtimespec.HeaderTraceState, Value: "a=b"},
	), x.Onward().Onto(own.With()), "without spans of its own it passes on what came")
}
