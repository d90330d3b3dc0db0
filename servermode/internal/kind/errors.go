package kind

import (
	"errors"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

// These are messages of the platform's own runtimes, which its users know.
const (
	NoBinary    = "The action failed to generate or locate a binary. See logs for details."
	CannotStart = "Cannot start action. Check logs for details."
)

// ErrUnsupported is wrapped when a server cannot run a kind at all.
var ErrUnsupported = errors.New("kind is not supported")

// ActionError is a failure for which the function's author is to blame. Message is
// the answer. Log, for the activation's stderr, says more.
type ActionError struct{ Message, Log string }

func (e *ActionError) Error() string { return e.Message }

// LauncherError is the StartError of kinds with a launcher of ours.
func LauncherError(err error, ack string) *ActionError {
	var sent struct {
		Error string `json:"error"`
	}
	if ack != "" && jsontext.Unmarshal([]byte(ack), &sent) == nil && sent.Error != "" {
		return &ActionError{Message: CannotStart + " Cause: " + sent.Error}
	}
	return &ActionError{
		Message: CannotStart + " Cause: " + err.Error() + " during initialization.",
		Log:     "Command exited abruptly during initialization.",
	}
}
