package runtimespec

import (
	"bytes"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

var errorName = []byte(`"error"`)

// IsError reports whether a result is what the platform calls an application
// error: an object with a member error. It decodes nothing.
func IsError(result []byte) (is bool) {
	if !bytes.Contains(result, errorName) {
		return false
	}
	jsontext.Skim(result, func(name, _ []byte) { is = is || bytes.Equal(name, errorName) })
	return is
}

// StringMember is a member of a body's top level that is a string, empty if it
// is not there or something else. Of several with the name the last counts. Like
// SkimRun it tolerates anything.
func StringMember(body []byte, wanted string) (text string) {
	jsontext.Skim(body, func(name, value []byte) {
		if found, ok := jsontext.Unquote(name); ok && string(found) == wanted {
			raw, _ := jsontext.Unquote(value)
			text = string(raw)
		}
	})
	return text
}
