// Package exit gives errors the tool's exit codes. Scripts decide by the codes,
// so each has one meaning in all commands.
package exit

import (
	"errors"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

// Exit codes beyond those that all binaries share. They are part of the tool's
// interface: scripts decide by them.
const (
	Application = 3 // the function answered with an error of its own
	NoResult    = 4 // an init or a run came to no result
	Unreachable = 5 // no server answers
)

// Help is the text of --help about them.
const Help = `Exit codes:
  0  a result
  1  anything that is not listed here, such as a file that cannot be read
  2  wrong flags or arguments
  3  an application error: the function answered with {"error": …}
  4  no result, which the platform shows as an error: the init failed, the run
     crashed or timed out, or the server refused it
  5  no server answers there: no such host, nothing listens, or it is not trusted`

// codedError is an error with an exit code.
type codedError struct {
	error
	code int
}

func (e codedError) Unwrap() error { return e.error }

// With gives an error an exit code; nil stays nil.
func With(code int, err error) error {
	if err == nil {
		return nil
	}
	return codedError{err, code}
}

// Code returns the code for a command that ended with err.
func Code(err error) int {
	var c codedError
	switch {
	case err == nil:
		return daemon.ExitOK
	case errors.As(err, &c):
		return c.code
	}
	return daemon.ExitFailed
}
