package invoke

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// parameters returns the arguments of a run, from files and NAME=VALUE pairs. A
// pair overrides a file, and a later pair an earlier one. A value that is JSON
// is passed on as it is, any other is a string; @FILE is the file's content in
// base64.
func parameters(files, pairs []string) (any, error) {
	out := map[string]any{}
	for _, file := range files {
		text, err := readArguments(file)
		if err != nil {
			return nil, fmt.Errorf("--param-file %s: %w", file, err)
		}
		if text[0] == '[' {
			if len(files)+len(pairs) > 1 {
				return nil, fmt.Errorf("--param-file %s: beside an array there is no place for other arguments", file)
			}
			return json.RawMessage(text), nil
		}
		var object map[string]json.RawMessage // the values stay as they are spelled
		if err := json.Unmarshal(text, &object); err != nil {
			return nil, fmt.Errorf("--param-file %s: %w", file, err)
		}
		for name, value := range object {
			out[name] = value
		}
	}
	for _, pair := range pairs {
		name, value, err := parameter(pair)
		if err != nil {
			return nil, err
		}
		out[name] = value
	}
	return out, nil
}

// readArguments reads a JSON object or array from a file; - is stdin.
func readArguments(file string) (text []byte, err error) {
	if file == "-" {
		text, err = io.ReadAll(os.Stdin)
	} else {
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, err
	}
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return nil, errors.New(`it holds no JSON object such as {"name": "value"}`)
	}
	if !json.Valid(text) {
		return nil, fmt.Errorf("it is not JSON: %w", json.Unmarshal(text, new(any)))
	}
	return text, nil
}

// parameter reads one NAME=VALUE.
func parameter(pair string) (name string, value any, err error) {
	name, text, ok := strings.Cut(pair, "=")
	if !ok || name == "" {
		return "", nil, fmt.Errorf("parameter %q is not NAME=VALUE", pair)
	}
	if path, isFile := strings.CutPrefix(text, "@"); isFile {
		data, err := os.ReadFile(path)
		if err != nil {
			return "", nil, fmt.Errorf("parameter %s: %w", name, err)
		}
		return name, base64.StdEncoding.EncodeToString(data), nil
	}
	if json.Valid([]byte(text)) {
		return name, json.RawMessage(text), nil
	}
	return name, text, nil
}
