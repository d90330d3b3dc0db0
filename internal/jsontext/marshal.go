package jsontext

import "github.com/go-json-experiment/json"

// Marshal returns v as JSON, the same text for the same value.
func Marshal(v any) ([]byte, error) { return json.Marshal(v, json.Deterministic(true)) }

// Unmarshal decodes text into v. It wants UTF-8, each name once and as v spells it.
func Unmarshal(text []byte, v any) error { return json.Unmarshal(text, v) }

// UnmarshalLast decodes text into v; of a name that is there twice the last counts.
func UnmarshalLast(text []byte, v any) error { return json.Unmarshal(text, v, duplicates) }
