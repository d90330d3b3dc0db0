package hop

import (
	"fmt"
	"strings"
)

// Header is a request's header fields, in their order.
type Header []Field

// Field is one of them. Name is in the form that is sent; no two of one name.
type Field struct{ Name, Value string }

// Get is a field's value, empty when there is none.
func (h Header) Get(name string) string {
	for _, f := range h {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// With is h and more fields, with room for what is added to each request. h
// stays as it is.
func (h Header) With(more ...Field) Header {
	return append(append(make(Header, 0, len(h)+len(more)+room), h...), more...)
}

// room is for a trace and its state, an activation, the time left, and the server to ask again.
const room = 5

// appendTo appends the fields as lines; a value that would be read as more than
// one line, or that HTTP does not allow, is an error.
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
