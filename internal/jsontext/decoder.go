package jsontext

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// Value is a JSON value as text.
type Value = jsontext.Value

// Decoder reads JSON token by token or value by value.
type Decoder struct{ *jsontext.Decoder }

// duplicates allows repeated names, as the platform's own runtimes do: parsers
// differ.
var duplicates = jsontext.AllowDuplicateNames(true)

// Decode returns a decoder for text that is UTF-8, escapes included.
func Decode(text []byte) Decoder {
	return Decoder{jsontext.NewDecoder(bytes.NewBuffer(text), duplicates)}
}

// DecodeAny returns a decoder for text that passes through. Its strings may
// have escapes that stand for no character.
func DecodeAny(text []byte) Decoder {
	return Decoder{jsontext.NewDecoder(bytes.NewBuffer(text), duplicates, jsontext.AllowInvalidUTF8(true))}
}

// Object reads one object and calls member with each name; member must consume
// the value.
func (dec Decoder) Object(member func(name string) error) error {
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

// AtEnd returns an error unless only white space follows. PeekKind does not
// tell an end from garbage.
func (dec Decoder) AtEnd() error {
	switch _, err := dec.ReadToken(); err {
	case io.EOF:
		return nil
	case nil:
		return errors.New("something follows the JSON value")
	default:
		return err
	}
}

// Text reads a string. Like the platform's own proxy it returns an empty text
// for null, and the JSON text of any other value.
func (dec Decoder) Text() (string, error) {
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
