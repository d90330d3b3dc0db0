// Package outcome says how a run or an init ended, in the contract's words. It sorts
// a run by its result and error, makes the platform's result of a process's line,
// and maps errors to refusals. It also decides which failed runs are remembered: one
// that was not started may be tried again.
package outcome

import (
	"errors"
	"fmt"

	"github.com/whiskaway/whiskaway/internal/codestore"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

// Outcome is how a run ended in an instance.
type Outcome int

const (
	OK Outcome = iota
	ApplicationError
	Error
	Crashed
	TimedOut
	Cancelled
	Count
)

var names = [Count]string{"ok", "application-error", "error", "crashed", "timed-out", "cancelled"}

func (o Outcome) String() string { return names[o] }

// Of sorts a run. What the action itself reports or throws is its own error, as on
// the platform.
func Of(result []byte, err error) Outcome {
	switch {
	case err == nil && runtimespec.IsError(result), errors.Is(err, process.ErrTooLarge), errors.As(err, new(*process.ThrownError)):
		return ApplicationError
	case err == nil:
		return OK
	}
	switch Refusal(err).Reason {
	case runtimespec.Crashed:
		return Crashed
	case runtimespec.TimedOut:
		return TimedOut
	case runtimespec.Cancelled:
		return Cancelled
	}
	return Error
}

// Result returns a process's line, or its failure, as the platform's result or
// error.
func Result(line []byte, err error) ([]byte, error) {
	switch {
	case errors.Is(err, process.ErrTooLarge): // an application error, as the platform has it
		return tooLarge(err, " (--max-result)"), nil
	case errors.Is(err, codestore.ErrMissing): // evicted from the cache since the init
		return nil, refusal.New(runtimespec.UnknownFunction, "the function's code is no longer cached: init it again")
	case err != nil:
		return nil, err
	case !runtimespec.CheckResult(line):
		return nil, refusal.New(runtimespec.BadResult, "The action did not return a dictionary or array.")
	}
	return line, nil
}

// foreignResult is the longest result, in bytes, for a caller without our headers.
// Such a caller passes the result on to the platform, whose limit this is.
const foreignResult = 1 << 20

// Foreign returns a result as a caller without our headers gets it.
func Foreign(result []byte, err error) ([]byte, error) {
	if err == nil && len(result) > foreignResult {
		return tooLarge(fmt.Errorf("%w: %d > %d bytes", process.ErrTooLarge, len(result), foreignResult), ""), nil
	}
	return result, err
}

// tooLarge is the application error, in the platform's words, that replaces a result
// that is too large.
func tooLarge(err error, flag string) []byte {
	return runtimespec.ErrorBody(fmt.Sprintf("The action produced a response that exceeded the allowed length: %v%s.", err, flag))
}
