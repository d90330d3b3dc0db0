package runtimespec

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

// ErrMalformed is wrapped by every error about a body that violates the
// contract.
var ErrMalformed = errors.New("malformed request")

var errTwice = errors.New("a member is there twice")

// defaultMain is the main of an action that names none.
const defaultMain = "main"

// InitBody is OpenWhisk's init request, read in one scan. Code and the parts of
// the body alias the bytes that were parsed.
type InitBody struct {
	Name    string
	Main    string // "main" when absent
	Binary  bool
	HasCode bool   // false also for an empty code string and null
	Code    []byte // the code string as given, unescaped
	Env     map[string]string

	raw     []byte
	cut, to int // the code member is raw[cut:to], with its comma
	ahead   ahead
	inner   int // value's members start at raw[inner]; 0: value is no object
}

// ParseInit parses {"value":{"name","main","binary","env","code"}}. It ignores
// members that it does not know. Of a member that is there twice the last
// counts, but a second value or code is refused: the contract does not say
// which one was meant.
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
		at := int(dec.InputOffset()) // between it and the brace are only white space and the colon
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
		var value jsontext.Value // the whole value, of any type
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
	if bytes.IndexByte(inner, '\\') >= 0 { // base64 has no escapes: 48 MiB are not copied
		if inner, err = jsontext.AppendText(make([]byte, 0, len(inner)), value); err != nil {
			return err
		}
	}
	b.Code, b.HasCode = inner, len(inner) > 0
	return nil
}

// memberSpan returns the span of the member whose value is raw[value:end], with
// its name and one adjacent comma. Searching backwards for the name's quotes is
// safe: between the name and the value there are only white space and the
// colon, and no spelling of the word "code" has a quote inside.
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

// Digest returns the SHA-256 of the code string.
func (b *InitBody) Digest() Digest {
	if b.ahead.of(b.Code) {
		return b.ahead.digest()
	}
	return sha256.Sum256(b.Code)
}

// WithoutCode returns the body of an init's first step: the same bytes without
// the code member.
func (b *InitBody) WithoutCode() []byte {
	out := make([]byte, 0, len(b.raw)-(b.to-b.cut))
	return append(append(out, b.raw[:b.cut]...), b.raw[b.to:]...)
}

// WithCode returns the body with the code string as a member again, of which a
// first step left it out. It returns nil if the body has no place for one.
func (b *InitBody) WithCode(code []byte) []byte {
	if b.inner == 0 || b.to > 0 {
		return nil
	}
	out := make([]byte, 0, len(b.raw)+len(code)+len(code)/8+len(`"code":"",`))
	out = append(append(out, b.raw[:b.inner]...), `"code":`...)
	out, err := jsontext.AppendQuote(out, code)
	if err != nil {
		return nil // code that is not UTF-8 is no code of an init
	}
	if rest := bytes.TrimLeft(b.raw[b.inner:], " \t\r\n"); rest[0] != '}' {
		out = append(out, ',')
	}
	return append(out, b.raw[b.inner:]...)
}

// Function returns the function that this init describes, run by kind, with the
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
