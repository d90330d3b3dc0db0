package jsontext

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// Stream reads JSON from a reader. Values may be larger than what should be
// kept in memory.
type Stream struct{ in *bufio.Reader }

// ErrStream means that the input is no JSON.
var ErrStream = errors.New("it is no JSON")

// NewStream reads from r.
func NewStream(r io.Reader) Stream { return Stream{bufio.NewReaderSize(r, 32<<10)} }

// next returns the next byte that is not white space.
func (s Stream) next() (byte, error) {
	for {
		b, err := s.in.ReadByte()
		if err != nil || b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return b, err
		}
	}
}

// Object reads an object; member reads each value.
func (s Stream) Object(member func(name string) error) error {
	b, err := s.next()
	for sep := byte('{'); err == nil && b == sep; b, err = s.next() {
		name, _, err := s.Value(64)
		if err != nil {
			return err
		}
		colon, err := s.next()
		switch {
		case err != nil:
			return err
		case colon == '}' && sep == '{' && len(name) == 0: // an empty object
			return nil
		case colon != ':':
			return ErrStream
		}
		if err := member(string(bytes.Trim(name, `"`))); err != nil {
			return err
		}
		sep = ','
	}
	if err == nil && b != '}' {
		err = ErrStream
	}
	return err
}

// Value reads one value as it is written and keeps its first limit bytes. It
// returns the whole size as well.
func (s Stream) Value(limit int) (out []byte, size int64, err error) {
	depth, quoted, escaped := 0, false, false
	b, err := s.next()
	for ; err == nil; b, err = s.in.ReadByte() {
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped, quoted = b == '\\', b != '"'
		case b == '"':
			quoted = true
		case b == '{' || b == '[':
			depth++
		case (b == '}' || b == ']' || b == ',') && depth == 0: // the end of a number or a word
			return bytes.TrimSpace(out), size, s.in.UnreadByte()
		case b == '}' || b == ']':
			depth--
		}
		if size++; size <= int64(limit) {
			out = append(out, b)
		}
		if depth == 0 && !quoted && (b == '"' || b == '}' || b == ']') {
			return out, size, nil
		}
	}
	return nil, 0, err
}

// String reads a string and calls each with its parts as they are written:
// bytes and escapes.
func (s Stream) String(each func(part []byte)) error {
	b, err := s.next()
	if err == nil && b != '"' {
		return ErrStream
	}
	for err == nil {
		var part []byte
		if part, err = s.unit(); err == nil {
			if len(part) == 1 && part[0] == '"' {
				return nil
			}
			each(part)
		}
	}
	return err
}

// unit reads a byte of a string, or an escape.
func (s Stream) unit() ([]byte, error) {
	n := 1
	if b, err := s.in.Peek(2); len(b) > 0 && b[0] == '\\' {
		if n = 2; err != nil {
			return nil, err
		}
		if b[1] == 'u' {
			n = 6
		}
	}
	unit, err := s.in.Peek(n)
	if err != nil {
		return nil, err
	}
	_, err = s.in.Discard(n)
	return unit, err
}
