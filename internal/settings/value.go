package settings

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Kind is the type of a setting's value.
type Kind int

// Kinds of values.
const (
	Text Kind = iota
	Bool
	Number
	Time
	List // of texts
)

// Kind returns the type of the setting's value.
func (s *Setting) Kind() Kind {
	switch field := s.fields[0]; {
	case field.Type() == reflect.TypeFor[time.Duration]():
		return Time
	case field.CanInt():
		return Number
	case field.Kind() == reflect.Bool:
		return Bool
	case field.Type() == reflect.TypeFor[[]string]():
		return List
	case field.Kind() != reflect.String:
		panic("a setting of a kind that there is not: " + field.Type().String())
	}
	return Text
}

// Parse returns a value of the setting. The error completes "KEY must be ".
func (s *Setting) Parse(text string) (value reflect.Value, err error) {
	value = reflect.New(s.fields[0].Type()).Elem()
	switch s.Kind() {
	case Text:
		value.SetString(s.path(text))
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, text) && !slices.Contains(s.also, text) {
			err = errors.New(s.Wanted())
		}
		return value, err
	case List:
		return reflect.ValueOf(s.split(text)), nil
	case Bool:
		switch strings.ToLower(text) {
		case "true", "1", "yes":
			value.SetBool(true)
			return value, nil
		case "false", "0", "no", "":
			return value, nil
		}
		return value, errors.New(s.Wanted())
	}
	n, err := s.number(text)
	if err != nil || value.OverflowInt(n) {
		return value, errors.New(s.Wanted())
	}
	value.SetInt(n)
	if err := s.inBounds(value); err != nil {
		return value, err
	}
	if zero := s.tag.Get("zero"); zero != "" && n == 0 {
		value.SetInt(s.mustNumber(zero))
	}
	return value, nil
}

func (s *Setting) mustParse(text string) reflect.Value {
	value, err := s.Parse(text)
	if err != nil {
		panic(fmt.Sprintf("--%s: %q: %v", s.Flag, text, err))
	}
	return value
}

// split returns the values of a list that is written as one text; \, is a comma
// within a value.
func (s *Setting) split(text string) []string {
	const comma = "\x00"
	separators := cmp.Or(s.tag.Get("sep"), ",")
	text = strings.ReplaceAll(text, `\,`, comma)
	texts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(separators, r) })
	for i, text := range texts {
		texts[i] = strings.TrimSpace(strings.ReplaceAll(text, comma, ","))
	}
	return texts
}

// path makes a path absolute and expands ~ to the user's home. An empty path
// stays empty: it names no file.
func (s *Setting) path(text string) string {
	if text == "" || s.tag.Get("type") == "" {
		return text
	}
	if rest, ok := strings.CutPrefix(text, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			text = filepath.Join(home, rest)
		}
	}
	if absolute, err := filepath.Abs(text); err == nil {
		return absolute
	}
	return text
}
