package jsontext

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// maxNesting is how deep a value may be nested for this scanner.
const maxNesting = 512

// wellFormed reports whether body is certainly one JSON value in UTF-8. Most
// bodies are, and on long strings it is several times as fast as a decoder. The
// decoder judges every other body.
func wellFormed(body []byte) bool {
	s := scanner{body: body}
	return s.whole() && (s.high&tops == 0 || utf8.Valid(body))
}

// whole skips the body, which must be one value.
func (s *scanner) whole() bool {
	for {
		if !s.value() {
			return false
		}
		for s.next() == '}' || s.next() == ']' {
			if !s.leave() {
				return false
			}
		}
		switch {
		case s.depth == 0:
			return s.at == len(s.body)
		case s.next() != ',':
			return false
		}
		s.at++
		if s.inObject() && !s.name() {
			return false
		}
	}
}

// scanner walks over a JSON value.
type scanner struct {
	body  []byte
	at    int
	depth int
	high  uint64                  // all bytes of strings, or'ed: shows whether one is not ASCII
	nest  [maxNesting / 64]uint64 // one bit a level, set in an object
}

// next skips white space and returns the byte there, 0 at the end.
func (s *scanner) next() byte {
	for ; s.at < len(s.body); s.at++ {
		if b := s.body[s.at]; b > ' ' || b != ' ' && b != '\t' && b != '\n' && b != '\r' {
			return b
		}
	}
	return 0
}

// value skips a value. It enters objects and arrays up to the first value that
// is neither, or to their end.
func (s *scanner) value() bool {
	for {
		switch b := s.next(); b {
		case '{', '[':
			if !s.enter(b == '{') {
				return false
			}
			switch {
			case s.next() == b+2: // the other bracket
				return true
			case b == '{' && !s.name():
				return false
			}
			continue
		case '"':
			return s.text()
		case 't':
			return s.word("true")
		case 'f':
			return s.word("false")
		case 'n':
			return s.word("null")
		default:
			return s.number()
		}
	}
}

func (s *scanner) enter(object bool) bool {
	if s.depth == maxNesting {
		return false
	}
	word, bit := s.depth/64, uint64(1)<<(s.depth%64)
	s.nest[word] &^= bit
	if object {
		s.nest[word] |= bit
	}
	s.depth++
	s.at++
	return true
}

// leave skips a closing bracket, which must match the open one.
func (s *scanner) leave() bool {
	if s.depth == 0 || s.inObject() != (s.body[s.at] == '}') {
		return false
	}
	s.depth--
	s.at++
	return true
}

func (s *scanner) inObject() bool {
	return s.nest[(s.depth-1)/64]>>((s.depth-1)%64)&1 == 1
}

// name skips a member's name and the colon behind it.
func (s *scanner) name() bool {
	if s.next() != '"' || !s.text() || s.next() != ':' {
		return false
	}
	s.at++
	return true
}

func (s *scanner) word(want string) bool {
	end := s.at + len(want)
	if end > len(s.body) || string(s.body[s.at:end]) != want {
		return false
	}
	s.at = end
	return true
}

// text skips a string.
func (s *scanner) text() bool {
	for s.at++; ; {
		s.skipPlain()
		switch {
		case s.at == len(s.body):
			return false
		case s.body[s.at] == '"':
			s.at++
			return true
		case s.body[s.at] != '\\' || !s.escape():
			return false
		}
	}
}

// escape skips an escape in a string.
func (s *scanner) escape() bool {
	rest := s.body[s.at+1:]
	if len(rest) == 0 {
		return false
	}
	switch rest[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.at += 2
		return true
	case 'u':
		if len(rest) < 5 || !hexDigit(rest[1]) || !hexDigit(rest[2]) || !hexDigit(rest[3]) || !hexDigit(rest[4]) {
			return false
		}
		s.at += 6
		return true
	}
	return false
}

func hexDigit(b byte) bool { return digit(b) || 'a' <= b|0x20 && b|0x20 <= 'f' }

func digit(b byte) bool { return '0' <= b && b <= '9' }

const ones, tops = 0x0101010101010101, 0x8080808080808080

// odd sets the top bit of each byte of a word that is a quote, a backslash or a
// control character. A borrow or a carry can set it wrongly only behind a byte
// where it is set rightly. Other bits mean nothing.
func odd(word uint64) uint64 {
	quote, slash := word^ones*'"', word^ones*'\\'
	return (word-ones*' ')&^word | (quote-ones)&^quote | (slash-ones)&^slash
}

// skipPlain skips the bytes before a quote, a backslash or a control character.
func (s *scanner) skipPlain() {
	b, high, i := s.body[s.at:], s.high, 0
	for ; i+8 <= len(b); i += 8 {
		if i == window {
			i += s.skipWindows(b[i:])
			high |= s.high
			if i+8 > len(b) {
				break
			}
		}
		word := binary.LittleEndian.Uint64(b[i:])
		high |= word
		if found := odd(word) & tops; found != 0 {
			s.at, s.high = s.at+i+bits.TrailingZeros64(found)/8, high
			return
		}
	}
	for ; i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\'; i++ {
		high |= uint64(b[i])
	}
	s.at, s.high = s.at+i, high
}

// window is how many bytes of a long string are checked at once.
const window = 256

// skipWindows returns how many bytes of b are in windows without a byte that
// ends or interrupts a string. The standard library's assembly finds two of the
// three kinds of such bytes.
func (s *scanner) skipWindows(b []byte) (n int) {
	for ; n+window <= len(b); n += window {
		w := b[n : n+window]
		if bytes.IndexByte(w, '"') >= 0 || bytes.IndexByte(w, '\\') >= 0 {
			return n
		}
		var control, high uint64
		for ; len(w) >= 16; w = w[16:] {
			x, y := binary.LittleEndian.Uint64(w), binary.LittleEndian.Uint64(w[8:])
			control |= (x-ones*' ')&^x | (y-ones*' ')&^y
			high |= x | y
		}
		if control&tops != 0 {
			return n
		}
		s.high |= high
	}
	return n
}

// number skips a number.
func (s *scanner) number() bool {
	if s.at < len(s.body) && s.body[s.at] == '-' {
		s.at++
	}
	switch {
	case s.at < len(s.body) && s.body[s.at] == '0':
		s.at++
	case !s.digits():
		return false
	}
	if s.at < len(s.body) && s.body[s.at] == '.' {
		s.at++
		if !s.digits() {
			return false
		}
	}
	if s.at < len(s.body) && s.body[s.at]|0x20 == 'e' {
		s.at++
		if s.at < len(s.body) && (s.body[s.at] == '+' || s.body[s.at] == '-') {
			s.at++
		}
		return s.digits()
	}
	return true
}

// digits skips one or more digits.
func (s *scanner) digits() bool {
	from := s.at
	for s.at < len(s.body) && digit(s.body[s.at]) {
		s.at++
	}
	return s.at > from
}
