// Package file reads settings from a YAML file. Its keys are the names of a
// command's flags; an error names the line and, for an unknown key, the one
// that was probably meant.
package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/whiskaway/whiskaway/internal/settings"
)

// Read reads a whole file and returns the values by key. The file cannot name
// another file.
func Read(path string, all []*settings.Setting) (map[string]reflect.Value, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	root, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	all = slices.DeleteFunc(slices.Clone(all), func(s *settings.Setting) bool { return s.Flag == "config" })
	values := map[string]reflect.Value{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		at := fmt.Sprintf("%s, line %d: %s", path, key.Line, key.Value)
		n := slices.IndexFunc(all, func(s *settings.Setting) bool { return s.Flag == key.Value })
		if n < 0 {
			return nil, fmt.Errorf("%s is no setting; %s", at, instead(key.Value, all))
		}
		if _, twice := values[key.Value]; twice {
			return nil, fmt.Errorf("%s is there twice", at)
		}
		if values[key.Value], err = decode(all[n], value); err != nil {
			return nil, fmt.Errorf("%s must be %w", at, err)
		}
	}
	return values, nil
}

// instead names the setting that an unknown key probably meant, or lists all
// settings.
func instead(key string, all []*settings.Setting) string {
	if near := settings.Nearest(key, all); near != "" {
		return "did you mean " + near + "?"
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Flag)
	}
	slices.Sort(names)
	return "there are: " + strings.Join(names, ", ")
}

// parse returns a document's mapping. An empty document has no keys.
func parse(text []byte) (*yaml.Node, error) {
	var document, more yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	err := decoder.Decode(&document)
	switch {
	case errors.Is(err, io.EOF):
		return &yaml.Node{}, nil
	case err != nil:
		return nil, err
	case !errors.Is(decoder.Decode(&more), io.EOF):
		return nil, errors.New("there must be one document in it")
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return &yaml.Node{}, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, errors.New("it must hold settings, such as keep-alive: 5m")
	}
	return root, nil
}
