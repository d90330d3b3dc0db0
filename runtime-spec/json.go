package runtimespec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonOptions are permissive on purpose where JSON parsers differ: duplicate
// names pass, as they do in the platform's own runtimes.
var jsonOptions = jsontext.AllowDuplicateNames(true)

// passOptions are for what passes through unread: an escape like "\ud800" that
// stands for no character is grammatical, and the action's own business.
var passOptions = jsontext.AllowInvalidUTF8(true)

// object reads one object, calling member with each name; member must consume
// the value.
func object(dec *jsontext.Decoder, member func(name string) error) error {
	open, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if open.Kind() != '{' {
		return fmt.Errorf("expected a JSON object, got %s", open.Kind())
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if err := member(name.String()); err != nil {
			return err
		}
	}
	_, err = dec.ReadToken()
	return err
}

// atEnd wants nothing but white space to follow. PeekKind would not do: it says
// the same of an end and of garbage.
func atEnd(dec *jsontext.Decoder) error {
	switch _, err := dec.ReadToken(); err {
	case io.EOF:
		return nil
	case nil:
		return errors.New("something follows the JSON value")
	default:
		return err
	}
}

// text reads a string; null is empty and anything else its JSON text, as the
// platform's own proxy has it.
func text(dec *jsontext.Decoder) (string, error) {
	value, err := dec.ReadValue()
	if err != nil || value.Kind() == 'n' {
		return "", err
	}
	if value.Kind() != '"' {
		return string(value), nil
	}
	out, err := jsontext.AppendUnquote(nil, value)
	return string(out), err
}

// checkValue scans one JSON value whose kind is one of kinds.
func checkValue(body []byte, kinds string) error {
	if first := bytes.TrimLeft(body, " \t\r\n"); len(first) > 0 && strings.IndexByte(kinds, first[0]) >= 0 && wellFormed(first) {
		return nil
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), jsonOptions, passOptions)
	if kind := dec.PeekKind(); strings.IndexByte(kinds, byte(kind)) < 0 {
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
		return fmt.Errorf("it is a %s", kind)
	}
	if _, err := dec.ReadValue(); err != nil { // SkipValue goes token by token
		return err
	}
	if !utf8.Valid(body) {
		return errors.New("it is not UTF-8")
	}
	return atEnd(dec)
}
