package file

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/whiskaway/whiskaway/internal/settings"
)

// decode returns a setting's value. The error completes "KEY must be ".
func decode(s *settings.Setting, value *yaml.Node) (reflect.Value, error) {
	if value.Kind == yaml.AliasNode {
		value = value.Alias
	}
	if s.Kind() == settings.List {
		return list(s, value)
	}
	if value.Kind != yaml.ScalarNode {
		return reflect.Value{}, fmt.Errorf("%s, not %s", s.Wanted(), shape(value))
	}
	decoded, err := s.Parse(value.Value)
	if err != nil || !fits(s, value) {
		return reflect.Value{}, fmt.Errorf("%s, not %s", s.Wanted(), spelled(value))
	}
	return decoded, nil
}

// fits reports whether YAML reads a value as the setting's type: 3.10 is not a
// text.
func fits(s *settings.Setting, value *yaml.Node) bool {
	switch s.Kind() {
	case settings.Bool:
		return value.Tag == "!!bool"
	case settings.Number:
		return value.Tag == "!!int" || s.Unit == "bytes" && value.Style == 0
	}
	return value.Tag == "!!str"
}

func list(s *settings.Setting, value *yaml.Node) (reflect.Value, error) {
	wrong := errors.New(s.Wanted())
	if value.Kind != yaml.SequenceNode {
		return reflect.Value{}, wrong
	}
	texts := []string{}
	for _, item := range value.Content {
		if item.Kind != yaml.ScalarNode || item.Tag != "!!str" {
			return reflect.Value{}, wrong
		}
		texts = append(texts, item.Value)
	}
	return reflect.ValueOf(texts), nil
}

func shape(value *yaml.Node) string {
	if value.Kind == yaml.SequenceNode {
		return "a list"
	}
	return "a group of settings"
}

// spelled returns a value as the file spells it, so that a text that looks like
// a number can be told from a number.
func spelled(value *yaml.Node) string {
	switch value.Tag {
	case "!!null":
		return "nothing"
	case "!!str":
		return strconv.Quote(value.Value)
	case "!!int", "!!float", "!!bool":
		return value.Value + " (quotes make it a text)"
	}
	return value.Value
}
