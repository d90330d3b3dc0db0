package configfile

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// decode checks a setting's value against its flag and returns it as kong takes
// it. The error completes "KEY must be …".
func decode(flag *kong.Flag, value *yaml.Node) (any, error) {
	if value.Kind == yaml.AliasNode {
		value = value.Alias
	}
	if flag.Target.Kind() == reflect.Slice {
		return list(value)
	}
	want := wanted(flag)
	if value.Kind != yaml.ScalarNode {
		return nil, fmt.Errorf("%s, not %s", want, shape(value))
	}
	if !fits(flag, value) {
		return nil, fmt.Errorf("%s, not %s", want, spelled(value))
	}
	return value.Value, nil
}

// wanted says in words what a flag takes.
func wanted(flag *kong.Flag) string {
	switch {
	case flag.Tag.Enum != "":
		return "one of " + strings.Join(strings.Split(flag.Tag.Enum, ","), ", ")
	case isDuration(flag):
		return "a time above 0, such as 10m or 30s"
	case flag.Target.Kind() == reflect.Bool:
		return "true or false"
	case flag.Target.Kind() == reflect.String:
		return "a text"
	}
	return "a whole number, 0 or more"
}

func isDuration(flag *kong.Flag) bool {
	return flag.Target.Type() == reflect.TypeFor[time.Duration]()
}

func fits(flag *kong.Flag, value *yaml.Node) bool {
	switch kind := flag.Target.Kind(); {
	case flag.Tag.Enum != "":
		return value.Tag == "!!str" && flag.EnumMap()[value.Value]
	case isDuration(flag):
		d, err := time.ParseDuration(value.Value)
		return err == nil && d > 0
	case kind == reflect.Bool:
		return value.Tag == "!!bool" && (value.Value == "true" || value.Value == "false")
	case kind == reflect.String:
		return value.Tag == "!!str"
	default: // a number; no setting of ours is below 0
		n, err := strconv.ParseUint(value.Value, 10, flag.Target.Type().Bits())
		signed := flag.Target.CanInt() && n > 1<<(flag.Target.Type().Bits()-1)-1
		return value.Tag == "!!int" && err == nil && !signed
	}
}

func list(value *yaml.Node) (any, error) {
	wrong := errors.New("a list of texts, such as [one, two]")
	if value.Kind != yaml.SequenceNode {
		return nil, wrong
	}
	out := []any{}
	for _, item := range value.Content {
		if item.Kind != yaml.ScalarNode || item.Tag != "!!str" {
			return nil, wrong
		}
		out = append(out, item.Value)
	}
	return out, nil
}

func shape(value *yaml.Node) string {
	if value.Kind == yaml.SequenceNode {
		return "a list"
	}
	return "a group of settings"
}

// spelled is a value as it stands in the file, so that a text that looks like a
// number can be told from one.
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
