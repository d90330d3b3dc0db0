package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"
)

// code is an action's code as the platform would send it.
type code struct {
	text   string
	binary bool
}

// readCode reads an action's file: archives and programs go as base64.
func readCode(path string) (code, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return code{}, err
	}
	if len(data) == 0 {
		return code{}, fmt.Errorf("%s is empty", path)
	}
	if bytes.IndexByte(data, 0) >= 0 || !utf8.Valid(data) {
		return code{base64.StdEncoding.EncodeToString(data), true}, nil
	}
	return code{string(data), false}, nil
}

// parameters turns name=value pairs into arguments. A value that is JSON is
// taken as such, anything else as text; @FILE is the file's content in base64.
func parameters(pairs []string) (map[string]any, error) {
	out := map[string]any{}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("parameter %q is not NAME=VALUE", pair)
		}
		if path, isFile := strings.CutPrefix(value, "@"); isFile {
			data, err := os.ReadFile(path)
			if err != nil {
				return nil, fmt.Errorf("parameter %s: %w", name, err)
			}
			out[name] = base64.StdEncoding.EncodeToString(data)
			continue
		}
		if json.Valid([]byte(value)) {
			out[name] = json.RawMessage(value)
		} else {
			out[name] = value
		}
	}
	return out, nil
}
