package jsontext

import (
	"bytes"
)

// skimmer walks over a JSON object's top level at the speed of IndexByte.
type skimmer struct {
	body []byte
	at   int
}

// Skim calls each with the name and the value of every member at the top level
// of an object, undecoded, until the text is no valid JSON. Unquote decodes a
// string.
func Skim(body []byte, each func(name, value []byte)) {
	s := skimmer{body: body}
	if s.next() != '{' {
		return
	}
	s.at++
	for s.next() == '"' {
		name := s.value()
		if s.next() != ':' {
			return
		}
		s.at++
		s.next()
		value := s.value()
		if value == nil {
			return
		}
		each(name, value)
		if s.next() != ',' {
			return
		}
		s.at++
	}
}

// next skips white space and returns the byte there, 0 at the end.
func (s *skimmer) next() byte {
	for ; s.at < len(s.body); s.at++ {
		switch b := s.body[s.at]; b {
		case ' ', '\t', '\r', '\n':
		default:
			return b
		}
	}
	return 0
}

// value skips one value and returns its bytes, nil if it has no end.
func (s *skimmer) value() []byte {
	start, depth := s.at, 0
	for s.at < len(s.body) {
		switch s.body[s.at] {
		case '"':
			if !s.skipString() {
				return nil
			}
			s.at--
		case '{', '[':
			depth++
		case '}', ']', ',', ':':
			if depth == 0 {
				return nilIfEmpty(s.body[start:s.at])
			}
			if b := s.body[s.at]; b == '}' || b == ']' {
				depth--
			}
		}
		s.at++
		if depth == 0 && ends(s.body[s.at-1]) {
			return s.body[start:s.at]
		}
	}
	return nil
}

// ends reports whether a byte is the last of a string, object or array.
func ends(b byte) bool { return b == '"' || b == '}' || b == ']' }

func nilIfEmpty(b []byte) []byte {
	if b = bytes.TrimRight(b, " \t\r\n"); len(b) == 0 {
		return nil
	}
	return b
}

// skipString skips a string, from its quote to behind the closing one.
func (s *skimmer) skipString() bool {
	from := s.at + 1
	for {
		i := bytes.IndexByte(s.body[from:], '"')
		if i < 0 {
			s.at = len(s.body)
			return false
		}
		from += i + 1
		slashes := 0
		for s.body[from-2-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			s.at = from
			return true
		}
	}
}
