package loadbalancer

import (
	"errors"

	refusals "github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Refusal is an error with a reason of the contract and a public message.
type Refusal = refusals.Refusal

func refusal(reason runtimespec.Reason, format string, args ...any) *Refusal {
	return refusals.New(reason, format, args...)
}

// countSaturated returns err, and counts a request that found no room.
func (b *Balancer) countSaturated(err error) error {
	var r *Refusal
	if errors.As(err, &r) && r.Reason == runtimespec.Saturated {
		b.saturated.Add(1)
	}
	return err
}
