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

// duplicates lets names be there twice, as they may in the platform's own
// runtimes: parsers differ.
var duplicates = jsontext.AllowDuplicateNames(true)

// Decode reads a text that is UTF-8, escapes included.
func Decode(text []byte) Decoder {
	return Decoder{jsontext.NewDecoder(bytes.NewBuffer(text), duplicates)}
}

// DecodeAny reads a text that passes through: its strings may have what stands for
// no character.
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

// AtEnd returns an error if anything but white space follows. PeekKind would not
// do: it says the same of an end and of garbage.
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

// Text reads a string; null is empty and anything else its JSON text, as the
// platform's own proxy has it.
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
