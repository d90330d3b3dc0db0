package jsontext

import "github.com/go-json-experiment/json"

// Marshal returns v as JSON; equal values give equal texts.
func Marshal(v any) ([]byte, error) { return json.Marshal(v, json.Deterministic(true)) }

// Unmarshal decodes text into v. The text must be UTF-8, and have each name
// once and as v spells it.
func Unmarshal(text []byte, v any) error { return json.Unmarshal(text, v) }

// UnmarshalLast decodes text into v. The last of several members of one name
// counts.
func UnmarshalLast(text []byte, v any) error { return json.Unmarshal(text, v, duplicates) }
