// Package jsontext reads and writes JSON as text. Text that passes through the
// services is scanned once, at its top level, and not decoded. No other package
// imports the JSON library behind it.
package jsontext

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Check scans one JSON value in UTF-8 whose first byte is one of kinds. Values
// may be nested 10,000 deep. An escape like "\ud800" that stands for no
// character is accepted: it is grammatical.
func Check(body []byte, kinds string) error {
	if first := bytes.TrimLeft(body, " \t\r\n"); len(first) > 0 && strings.IndexByte(kinds, first[0]) >= 0 && wellFormed(first) {
		return nil
	}
	dec := DecodeAny(body)
	if kind := dec.PeekKind(); strings.IndexByte(kinds, byte(kind)) < 0 {
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
		return fmt.Errorf("it is a %s", kind)
	}
	if _, err := dec.ReadValue(); err != nil { // SkipValue would go token by token
		return err
	}
	if !utf8.Valid(body) {
		return errors.New("it is not UTF-8")
	}
	return dec.AtEnd()
}

// Valid reports whether text is one JSON value of any kind.
func Valid(text []byte) bool { return Check(text, `{["tfn-0123456789`) == nil }
