package servermode

import (
	"fmt"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// bodyLimit is how many bytes a request's body may have, and which of the
// owner's settings says so.
type bodyLimit struct {
	bytes int64
	flag  string
}

func (c Config) initLimit() bodyLimit { return bodyLimit{c.MaxInitBody, "--max-init-body"} }
func (c Config) runLimit() bodyLimit  { return bodyLimit{c.MaxRunBody, "--max-run-body"} }

// refusal tells a caller what to change; size is the body's, -1 if it did not say.
func (l bodyLimit) refusal(size int64) *Refusal {
	what := "the request's body"
	if size >= 0 {
		what = fmt.Sprintf("the request's body of %d bytes", size)
	}
	return refusal(runtimespec.TooLarge, fmt.Sprintf("%s is larger than this server takes: its owner's limit is %d bytes (%s)", what, l.bytes, l.flag))
}

// limitOf is the platform's limit of which a deadline shows what is left.
func limitOf(deadline time.Time, longest time.Duration) time.Duration {
	left := time.Until(deadline)
	if left <= 0 || left > longest {
		return longest
	}
	return left
}
