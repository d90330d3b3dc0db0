package runtimespec

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

// ErrMalformed is wrapped by every error about a body that is not what the
// contract wants.
var ErrMalformed = errors.New("malformed request")

var errTwice = errors.New("a member is there twice")

// defaultMain is the main of an action that names none.
const defaultMain = "main"

// InitBody is OpenWhisk's init request, read in one scan. Code and the parts
// of the body alias the bytes it was read from.
type InitBody struct {
	Name    string
	Main    string // "main" when absent
	Binary  bool
	HasCode bool   // false also for an empty code string and null
	Code    []byte // the code string as given, unescaped
	Env     map[string]string

	raw     []byte
	cut, to int // the code member's place in raw, commas included
	ahead   ahead
	inner   int // where value's members begin in raw; 0: value is no object
}

// ParseInit reads {"value":{"name","main","binary","env","code"}}. Members it
// does not know are left alone. Of one that is there twice the last counts, but
// a second value or code is refused: which of two was meant is not ours to guess.
func ParseInit(body []byte) (*InitBody, error) {
	init := &InitBody{Main: defaultMain, raw: body, ahead: hashAhead(body)}
	dec := jsontext.Decode(body)
	seen := false
	err := dec.Object(func(name string) error {
		if name != "value" {
			return dec.SkipValue()
		}
		if seen {
			return errTwice
		}
		seen = true
		if dec.PeekKind() != '{' {
			return dec.SkipValue()
		}
		at := int(dec.InputOffset()) // between it and the brace is white space, and the colon
		init.inner = at + bytes.IndexByte(body[at:], '{') + 1
		return dec.Object(func(name string) error { return init.member(dec, name) })
	})
	if err == nil {
		err = dec.AtEnd()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return init, nil
}

func (b *InitBody) member(dec jsontext.Decoder, name string) (err error) {
	switch name {
	case "name":
		b.Name, err = dec.Text()
	case "main":
		if b.Main, err = dec.Text(); b.Main == "" {
			b.Main = defaultMain
		}
	case "binary":
		var value jsontext.Value // whole, whatever it is
		if value, err = dec.ReadValue(); err == nil {
			b.Binary = value.Kind() == 't'
		}
	case "env":
		b.Env = nil
		if dec.PeekKind() != '{' {
			return dec.SkipValue()
		}
		b.Env = map[string]string{}
		err = dec.Object(func(key string) (err error) { b.Env[key], err = dec.Text(); return })
	case "code":
		err = b.code(dec)
	default:
		err = dec.SkipValue()
	}
	return err
}

func (b *InitBody) code(dec jsontext.Decoder) error {
	if b.to > 0 {
		return errTwice
	}
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
		if inner, err = jsontext.AppendText(make([]byte, 0, len(inner)), value); err != nil {
			return err
		}
	}
	b.Code, b.HasCode = inner, len(inner) > 0
	return nil
}

// memberSpan is the place of the member whose value is raw[value:end], with
// its name and the one comma that has to go with it. Searching backwards for
// the name's quotes is safe: between it and the value there is only white space
// and the colon, and no spelling of the word "code" has a quote inside.
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
func (b *InitBody) Digest() Digest {
	if b.ahead.of(b.Code) {
		return b.ahead.digest()
	}
	return sha256.Sum256(b.Code)
}

// WithoutCode is the body of an init's first step: the same bytes without the
// code member.
func (b *InitBody) WithoutCode() []byte {
	out := make([]byte, 0, len(b.raw)-(b.to-b.cut))
	return append(append(out, b.raw[:b.cut]...), b.raw[b.to:]...)
}

// WithCode is the whole body again that a first step leaves the code out of: the
// same bytes with the code string as a member. It is nil where there is no place
// for one.
func (b *InitBody) WithCode(code []byte) []byte {
	if b.inner == 0 || b.to > 0 {
		return nil
	}
	out := make([]byte, 0, len(b.raw)+len(code)+len(code)/8+len(`"code":"",`))
	out = append(append(out, b.raw[:b.inner]...), `"code":`...)
	out, err := jsontext.AppendQuote(out, code)
	if err != nil {
		return nil // no code of an init: that is UTF-8
	}
	if rest := bytes.TrimLeft(b.raw[b.inner:], " \t\r\n"); rest[0] != '}' {
		out = append(out, ',')
	}
	return append(out, b.raw[b.inner:]...)
}

// Function is the function this init describes, run by kind, with the
// container's own variables.
func (b *InitBody) Function(kind string, code Digest, container map[string]string, volatile []string) Function {
	return Function{
		Kind:   kind,
		Main:   cmp.Or(StripHost(b.Main), defaultMain),
		Binary: b.Binary,
		Code:   code,
		Env:    MergeEnv(b.Env, container, volatile),
	}
}
