package openserverless

import (
	"bufio"
	"bytes"
)

// scanner reads JSON from a stream.
type scanner struct{ *bufio.Reader }

// next returns the next byte that is not white space.
func (s *scanner) next() (byte, error) {
	for {
		b, err := s.ReadByte()
		if err != nil || b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return b, err
		}
	}
}

// object reads an object and calls member to read each value.
func (s *scanner) object(member func(name string) error) error {
	b, err := s.next()
	for sep := byte('{'); err == nil && b == sep; b, err = s.next() {
		sep = ','
		name, _, err := s.value(64)
		if err != nil {
			return err
		}
		if colon, err := s.next(); err != nil {
			return err
		} else if colon != ':' {
			return errNoJSON
		}
		if err := member(string(bytes.Trim(name, `"`))); err != nil {
			return err
		}
	}
	if err == nil && b != '}' {
		err = errNoJSON
	}
	return err
}

// value reads one value unparsed and keeps its first limit bytes.
func (s *scanner) value(limit int) (out []byte, size int64, err error) {
	depth, quoted, escaped := 0, false, false
	b, err := s.next()
	for ; err == nil; b, err = s.ReadByte() {
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
			return bytes.TrimSpace(out), size, s.UnreadByte()
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

// unit reads one byte or one escape of a string.
func (s *scanner) unit() ([]byte, error) {
	n := 1
	if b, err := s.Peek(2); len(b) > 0 && b[0] == '\\' {
		if n = 2; err != nil {
			return nil, err
		}
		if b[1] == 'u' {
			n = 6
		}
	}
	unit, err := s.Peek(n)
	if err != nil {
		return nil, err
	}
	_, err = s.Discard(n)
	return unit, err
}
