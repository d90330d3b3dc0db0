package servermode

import (
	"fmt"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

// foreignResult is the longest result, in bytes, that a caller without our
// headers gets: it passes the result on to the platform, whose limit this is.
const foreignResult = 1 << 20

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

// tooLarge is the application error that a run gets in the place of a result that
// is too large, in the platform's words.
func tooLarge(err error, flag string) []byte {
	return runtimespec.ErrorBody(fmt.Sprintf("The action produced a response that exceeded the allowed length: %v%s.", err, flag))
}

// foreign is a result as a caller without our headers gets it.
func foreign(result []byte, err error) ([]byte, error) {
	if err == nil && len(result) > foreignResult {
		return tooLarge(fmt.Errorf("%w: %d > %d bytes", process.ErrTooLarge, len(result), foreignResult), ""), nil
	}
	return result, err
}

// limitOf is the platform's limit of which a deadline shows what is left.
func limitOf(deadline time.Time, longest time.Duration) time.Duration {
	left := time.Until(deadline)
	if left <= 0 || left > longest {
		return longest
	}
	return left
}
