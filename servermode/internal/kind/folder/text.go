package folder

import (
	"bytes"
	"errors"
	"io/fs"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
)

// ErrTooLarge is the author's: a file that the server itself reads has a bound.
var ErrTooLarge = &kind.ActionError{Message: kind.CannotStart + " Cause: a file that says what to install is too large."}

// MaxManifest bounds what is read of a file that says what to install.
const MaxManifest = 1 << 20

// ReadText reads a text of an action's folder, within a bound.
func ReadText(dir, name string, limit int64) ([]byte, error) {
	text, err := Read(dir, name, limit+1)
	if int64(len(text)) > limit {
		return nil, ErrTooLarge
	}
	return kind.PlainText(text), err
}

// maxMended is how large a text may be that is looked at for how it was written.
const maxMended = 8 << 20

// MendText rewrites a file of an action's folder as Linux tools would have
// written it: UTF-8 without a mark, and a script with its line ends.
func MendText(dir, name string, perm fs.FileMode) error {
	raw, err := Read(dir, name, maxMended+1)
	if err != nil || len(raw) > maxMended {
		return nil // what needs it says so
	}
	text := kind.UnixScript(kind.PlainText(raw))
	if bytes.Equal(text, raw) {
		return nil
	}
	return Write(dir, name, text, perm)
}

// MendTexts does so for those of a folder's files that are there.
func MendTexts(dir string, names ...string) (err error) {
	for _, name := range names {
		if HasFile(dir, name) {
			err = errors.Join(err, MendText(dir, name, 0o644))
		}
	}
	return err
}
