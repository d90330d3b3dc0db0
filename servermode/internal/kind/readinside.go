package kind

import (
	"errors"
	"fmt"
	"io/fs"
)

// readInside reads a file of an action's folder, within a bound; nil if there is
// none. One that cannot be read is its author's to mend.
func readInside(dir, name string, limit int64) ([]byte, error) {
	text, err := readIn(dir, name, limit+1)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, &ActionError{Message: fmt.Sprintf("%s Cause: %s cannot be read: it must be a file of the zip.", cannotStart, name)}
	case int64(len(text)) > limit:
		return nil, errTooLarge
	}
	return text, nil
}
