package folder

import (
	"bytes"
	"errors"
	"io/fs"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
)

// ErrTooLarge is the author's error: files that the server itself reads are bounded.
var ErrTooLarge = &kind.ActionError{Message: kind.CannotStart + " Cause: a file that says what to install is too large."}

// MaxManifest bounds files that say what to install.
const MaxManifest = 1 << 20

// ReadText reads a text of an action's folder, within a bound.
func ReadText(dir, name string, limit int64) ([]byte, error) {
	text, err := Read(dir, name, limit+1)
	if int64(len(text)) > limit {
		return nil, ErrTooLarge
	}
	return kind.PlainText(text), err
}

// maxMended is the largest text that is checked for how it was written.
const maxMended = 8 << 20

// MendText rewrites a file of an action's folder as Linux tools would have written
// it: in UTF-8 without a mark, a script with Linux line ends.
func MendText(dir, name string, perm fs.FileMode) error {
	raw, err := Read(dir, name, maxMended+1)
	if err != nil || len(raw) > maxMended {
		return nil // whatever needs the file reports it
	}
	text := kind.UnixScript(kind.PlainText(raw))
	if bytes.Equal(text, raw) {
		return nil
	}
	return Write(dir, name, text, perm)
}

// MendTexts does so for those of a folder's files that exist.
func MendTexts(dir string, names ...string) (err error) {
	for _, name := range names {
		if HasFile(dir, name) {
			err = errors.Join(err, MendText(dir, name, 0o644))
		}
	}
	return err
}
