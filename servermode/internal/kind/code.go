package kind

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
)

// Code is a function's code, decoded.
type Code []byte

// Decode turns a code string as sent into the code. It turns a source file into what
// Linux tools would have written.
func Decode(text []byte, binary bool) (Code, error) {
	if !binary {
		if damagedUTF16(text) {
			return nil, &ActionError{Message: CannotStart + " Cause: the action's file is UTF-16, which did not survive its way here as text: save it as UTF-8."}
		}
		return Code(UnixScript(PlainText(text))), nil
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(out, text)
	if err != nil {
		return nil, &ActionError{Message: fmt.Sprintf("The action's code is marked as binary but is no valid base64: %v.", err)}
	}
	return Code(UnixScript(PlainText(out[:n]))), nil
}

// IsArchive reports whether code is a zip or a tar.gz.
func (c Code) IsArchive() bool { return artifact.IsZip(c) || artifact.IsTarGz(c) }

// IsELF reports whether code is an executable of Linux.
func (c Code) IsELF() bool { return bytes.HasPrefix(c, []byte("\x7fELF")) }

// IsScript reports whether code is a script that names its interpreter.
func (c Code) IsScript() bool { return bytes.HasPrefix(c, []byte("#!")) }
