// Package pipe looks into the container's own output pipes. A log that is still
// in a pipe has not reached the container engine.
package pipe

import (
	"io"
	"os"
)

// Unread returns how many bytes wait in a stream that is a pipe, and 0 for any
// other stream.
func Unread(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		return unread(f)
	}
	return 0
}
