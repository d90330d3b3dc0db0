package upstream

import (
	"fmt"
	"strings"
)

// Header is a request's header fields, in order.
type Header []Field

// Field is one header field. Name is in the form that is sent; names are
// unique.
type Field struct{ Name, Value string }

// Get returns a field's value, empty if there is none.
func (h Header) Get(name string) string {
	for _, f := range h {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// With returns h and more fields, with room for the fields that are added to
// each request. h does not change.
func (h Header) With(more ...Field) Header {
	return append(append(make(Header, 0, len(h)+len(more)+room), h...), more...)
}

// room fits two trace fields, an activation, the time left and the server to
// ask again.
const room = 5

// appendTo appends the fields as lines. A value that HTTP does not allow, or
// that would be read as several lines, is an error.
func (h Header) appendTo(dst []byte) ([]byte, error) {
	for _, f := range h {
		if strings.ContainsFunc(f.Value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return nil, fmt.Errorf("%w: header %s: %.60q is no value for a header", ErrUnsendable, f.Name, f.Value)
		}
		dst = append(append(dst, f.Name...), ": "...)
		dst = append(append(dst, f.Value...), "\r\n"...)
	}
	return dst, nil
}
