package webproc

import (
	"bytes"
	"fmt"

	"github.com/whiskaway/whiskaway/internal/jsontext"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// member is one member of an object, with its value as it stands in the text.
type member struct {
	name  string
	raw   []byte // the name, quoted
	value jsontext.Value
}

// members returns those of an object, only the last of equal ones; nil if text is no
// object.
func members(text []byte) (out []member, err error) {
	dec := jsontext.DecodeAny(text)
	if dec.PeekKind() != '{' {
		return nil, nil
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	at := map[string]int{}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		m := member{name: plain(name), raw: bytes.Clone(name)}
		value, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		m.value = value.Clone()
		if i, again := at[m.name]; again {
			out[i] = m
			continue
		}
		at[m.name] = len(out)
		out = append(out, m)
	}
	_, err = dec.ReadToken()
	return out, err
}

// plain returns the text of a JSON string, and any other value as it stands.
func plain(value jsontext.Value) string {
	if value.Kind() != '"' {
		return string(value)
	}
	out, _ := jsontext.AppendText(nil, value) // what stands for no character becomes U+FFFD
	return string(out)
}

// activation is one run's body, taken apart.
type activation struct {
	value   jsontext.Value // the argument
	context []member       // the rest of the body
}

func parseActivation(line []byte) (*activation, error) {
	all, err := members(line)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", runtimespec.ErrMalformed, err)
	}
	act := &activation{value: jsontext.Value("{}")}
	for _, m := range all {
		if m.name == "value" {
			act.value = m.value
		} else {
			act.context = append(act.context, m)
		}
	}
	return act, nil
}
