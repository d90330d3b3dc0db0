package servermode

import (
	"time"

	"github.com/whiskaway/whiskaway/internal/endpoint"
)

func (c Config) initLimit() endpoint.BodyLimit {
	return endpoint.BodyLimit{Bytes: c.MaxInitBody, Flag: "--max-init-body"}
}
func (c Config) runLimit() endpoint.BodyLimit {
	return endpoint.BodyLimit{Bytes: c.MaxRunBody, Flag: "--max-run-body"}
}

// limitOf is the platform's limit of which a deadline shows what is left.
func limitOf(deadline time.Time, longest time.Duration) time.Duration {
	left := time.Until(deadline)
	if left <= 0 || left > longest {
		return longest
	}
	return left
}
