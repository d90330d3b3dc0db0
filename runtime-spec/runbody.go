package runtimespec

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Activation is what the services need to know of a run's body, found by
// skimming its top level: everything else passes through without being looked at.
type Activation struct {
	ID       string
	Deadline time.Time // zero: none was given
}

// SkimRun finds the activation id and the deadline in a run's body. It
// tolerates anything: whether the body is JSON is for the server to say, once.
func SkimRun(body []byte) (a Activation) {
	s := skimmer{body: body}
	s.members(func(name, value []byte) {
		switch string(name) {
		case "activation_id":
			a.ID = string(bytes.Trim(value, `"`))
		case "deadline":
			if ms, err := strconv.ParseInt(string(bytes.Trim(value, `"`)), 10, 64); err == nil && ms > 0 {
				a.Deadline = time.UnixMilli(ms)
			}
		}
	})
	return a
}

// CheckRun is the one full scan of a run's body: one JSON object, UTF-8,
// nested no deeper than the decoder allows (10,000).
func CheckRun(body []byte) error {
	if err := checkValue(body, "{n"); err != nil {
		return fmt.Errorf("%w: the run's body is no JSON object: %w", ErrMalformed, err)
	}
	return nil
}

// CheckResult reports whether a result line is one JSON object or array.
func CheckResult(line []byte) bool { return checkValue(line, "{[") == nil }

func checkValue(body []byte, kinds string) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), jsonOptions)
	if kind := dec.PeekKind(); bytes.IndexByte([]byte(kinds), byte(kind)) < 0 {
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
		return fmt.Errorf("it is a %s", kind)
	}
	if _, err := dec.ReadValue(); err != nil { // SkipValue goes token by token
		return err
	}
	return atEnd(dec)
}

// skimmer walks a JSON object's top level at the speed of IndexByte.
type skimmer struct {
	body []byte
	at   int
}

func (s *skimmer) members(each func(name, value []byte)) {
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
		each(bytes.Trim(name, `"`), value)
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

// value passes over one value and returns its bytes, nil when it has no end.
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

// skipString passes over a string, from its quote to behind the closing one.
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
