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

// StringMember returns a string at a body's top level, empty if the member is
// missing or no string. Of several members of the name the last counts. Like
// SkimRun it accepts any text.
func StringMember(body []byte, wanted string) (text string) {
	jsontext.Skim(body, func(name, value []byte) {
		if found, ok := jsontext.Unquote(name); ok && string(found) == wanted {
			raw, _ := jsontext.Unquote(value)
			text = string(raw)
		}
	})
	return text
}
