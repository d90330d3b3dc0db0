package runtimespec

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// ErrMalformed is wrapped by every error about a body that is not what the
// contract wants.
var ErrMalformed = errors.New("malformed request")

// InitBody is OpenWhisk's init request, read in one scan. Code and the parts
// of the body alias the bytes it was read from.
type InitBody struct {
	Name    string
	Main    string // "main" when absent
	Binary  bool
	HasCode bool   // false also for an empty code string
	Code    []byte // the code string as given, unescaped
	Env     map[string]string

	raw     []byte
	cut, to int // the code member's place in raw, commas included
}

// Permissive on purpose where JSON parsers differ: duplicate names pass, as
// they do in the platform's own runtimes.
var jsonOptions = jsontext.AllowDuplicateNames(true)

// ParseInit reads {"value":{"name","main","binary","env","code"}}. Members it
// does not know are left alone.
func ParseInit(body []byte) (*InitBody, error) {
	init := &InitBody{Main: "main", raw: body}
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), jsonOptions)
	err := object(dec, func(name string) error {
		if name != "value" || dec.PeekKind() != '{' {
			return dec.SkipValue()
		}
		return object(dec, func(name string) error { return init.member(dec, name) })
	})
	if err == nil {
		err = atEnd(dec)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return init, nil
}

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

func atEnd(dec *jsontext.Decoder) error {
	if dec.PeekKind() != 0 {
		return errors.New("something follows the JSON value")
	}
	return nil
}

func (b *InitBody) member(dec *jsontext.Decoder, name string) (err error) {
	switch name {
	case "name":
		b.Name, err = text(dec)
	case "main":
		var main string
		if main, err = text(dec); main != "" {
			b.Main = main
		}
	case "binary":
		var token jsontext.Token
		if token, err = dec.ReadToken(); err == nil {
			b.Binary = token.Kind() == 't'
		}
	case "env":
		if dec.PeekKind() != '{' {
			return dec.SkipValue()
		}
		b.Env = map[string]string{}
		err = object(dec, func(key string) (err error) { b.Env[key], err = text(dec); return })
	case "code":
		err = b.code(dec)
	default:
		err = dec.SkipValue()
	}
	return err
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

func (b *InitBody) code(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if value.Kind() != '"' && value.Kind() != 'n' {
		return errors.New("code must be a string")
	}
	end := int(dec.InputOffset())
	b.cut, b.to = b.memberSpan(end-len(value), end)
	if value.Kind() == 'n' {
		return nil
	}
	inner := b.raw[end-len(value)+1 : end-1]
	if bytes.IndexByte(inner, '\\') >= 0 { // base64 has no escapes: no copy of 48 MiB
		if inner, err = jsontext.AppendUnquote(make([]byte, 0, len(inner)), value); err != nil {
			return err
		}
	}
	b.Code, b.HasCode = inner, len(inner) > 0
	return nil
}

// memberSpan is the place of the member whose value is raw[value:end], with
// its name and the one comma that has to go with it.
func (b *InitBody) memberSpan(value, end int) (int, int) {
	start := bytes.LastIndexByte(b.raw[:value], ':')
	start = bytes.LastIndexByte(b.raw[:start], '"')
	start = bytes.LastIndexByte(b.raw[:start], '"')
	before := bytes.TrimRight(b.raw[:start], " \t\r\n")
	if before[len(before)-1] == ',' {
		return len(before) - 1, end
	}
	after := bytes.TrimLeft(b.raw[end:], " \t\r\n")
	if len(after) > 0 && after[0] == ',' {
		return start, len(b.raw) - len(after) + 1
	}
	return start, end
}

// Digest is the SHA-256 of the code string.
func (b *InitBody) Digest() Digest { return sha256.Sum256(b.Code) }

// WithoutCode is the body of an init's first step: the same bytes without the
// code member.
func (b *InitBody) WithoutCode() []byte {
	out := make([]byte, 0, len(b.raw)-(b.to-b.cut))
	return append(append(out, b.raw[:b.cut]...), b.raw[b.to:]...)
}

// Function is the function this init describes, run by kind, with the
// container's own variables.
func (b *InitBody) Function(kind string, code Digest, container map[string]string, volatile []string) Function {
	return Function{
		Kind:   kind,
		Main:   StripHost(b.Main),
		Binary: b.Binary,
		Code:   code,
		Env:    MergeEnv(b.Env, container, volatile),
	}
}
