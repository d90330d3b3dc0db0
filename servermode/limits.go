package servermode

import (
	"fmt"

	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

// foreignResult is the longest result, in bytes, that a caller without our
// headers gets: it passes the result on to the platform, whose limit this is.
const foreignResult = 1 << 20

func (c Config) initLimit() endpoint.BodyLimit {
	return endpoint.BodyLimit{Bytes: c.MaxInitBody, Flag: "--max-init-body"}
}
func (c Config) runLimit() endpoint.BodyLimit {
	return endpoint.BodyLimit{Bytes: c.MaxRunBody, Flag: "--max-run-body"}
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
