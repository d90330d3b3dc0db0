package kind

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// readInside reads a file of an action's folder, within a bound; nil if there is
// none. A link that leads out of the folder is followed by nobody.
func readInside(dir, name string, limit int64) ([]byte, error) {
	f, err := os.OpenInRoot(dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &ActionError{Message: fmt.Sprintf("%s Cause: %s cannot be read: it must be a file of the zip.", cannotStart, name)}
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, &ActionError{Message: fmt.Sprintf("%s Cause: %s is no file.", cannotStart, name)}
	}
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if int64(len(text)) > limit {
		return nil, errTooLarge
	}
	return text, err
}
