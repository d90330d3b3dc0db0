package jsontext

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendQuote appends text as a JSON string. Text that is not UTF-8 is an
// error.
func AppendQuote[T ~[]byte | ~string](dst []byte, text T) ([]byte, error) {
	return jsontext.AppendQuote(dst, text)
}

// AppendString appends text as a JSON string. U+FFFD replaces bytes that are
// not UTF-8, which JSON cannot express.
func AppendString(dst []byte, text string) []byte {
	dst, _ = jsontext.AppendQuote(dst, ValidUTF8(text))
	return dst
}

// ValidUTF8 returns text with U+FFFD for bytes that are not UTF-8.
func ValidUTF8(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// AppendText appends the decoded text of a JSON string. An escape that stands
// for no character becomes U+FFFD and is an error.
func AppendText(dst, raw []byte) ([]byte, error) { return jsontext.AppendUnquote(dst, raw) }

// Unquote returns a JSON string's text, and nil and false for what is no string: half
// a name would be another's. It copies only where there are escapes.
func Unquote(raw []byte) ([]byte, bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return nil, false
	}
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner, true
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return nil, false
	}
	return text, true
}
