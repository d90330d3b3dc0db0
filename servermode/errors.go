package servermode

import (
	refusals "github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Refusal is an error with a reason of the contract and a public message.
type Refusal = refusals.Refusal

func refusal(reason runtimespec.Reason, message string) *Refusal {
	return &Refusal{Reason: reason, Message: message}
}
