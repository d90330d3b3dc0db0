// Package settings reads a service's settings from its command line, from environment
// variables and from a file. A setting is a field of the service's Config. The field's
// tags define it; the flags, the file's keys, --help and docs/settings.md follow them:
//
//	flag     its name on the command line, and its key in a file
//	help     what it is for, for --help and docs/settings.md
//	default  its value if none is given; the zero value of the field stands for it
//	unset    in words, what happens without a value and without a default
//	group    heading in --help over it and the settings after it
//	env      its variable, if that is not WHISKAWAY_ and the flag's name
//	holder   placeholder for its value in --help
//	enum     its possible values, comma-separated
//	also     values that are accepted besides, but not offered
//	unit     bytes, which may be written as 64MiB; or percent
//	min, max bounds of a number or a time; without min it is above 0
//	zero     the field's value for a given 0, if that is not its default
//	type     file or folder: a path; a file is read again at a reload
//	sep      characters that separate a list's values; a comma without it
//	reload   live: a reload changes it; toggle: a reload changes it, but neither sets
//	         nor unsets it; without the tag only a restart changes it
//
// Fields with the same flag are one setting. A field without a flag is not a setting.
package settings

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

// Setting is one setting of a service.
type Setting struct {
	Flag, Env, Help, Default, Unset, Holder, Unit, Reload string

	Group string   // the heading that this setting is the first of
	Enum  []string // empty: any text
	also  []string // accepted besides, but not offered

	tag    reflect.StructTag
	fields []reflect.Value
	given  bool // as a flag or a variable
}

// Of returns the settings that are fields of the struct that config points to.
func Of(config any) []*Setting {
	all, byFlag := []*Setting{}, map[string]*Setting{}
	var walk func(reflect.Value)
	walk = func(v reflect.Value) {
		for i := range v.NumField() {
			field, tag := v.Field(i), v.Type().Field(i).Tag
			name := tag.Get("flag")
			switch {
			case name == "" && field.Kind() == reflect.Struct:
				walk(field)
			case name == "":
			case byFlag[name] != nil:
				byFlag[name].fields = append(byFlag[name].fields, field)
			default:
				byFlag[name] = newSetting(name, tag, field)
				all = append(all, byFlag[name])
			}
		}
	}
	walk(reflect.ValueOf(config).Elem())
	return all
}

func newSetting(name string, tag reflect.StructTag, field reflect.Value) *Setting {
	s := &Setting{
		Flag: name, Env: tag.Get("env"), Help: tag.Get("help"), Default: tag.Get("default"), Unset: tag.Get("unset"),
		Holder: tag.Get("holder"), Unit: tag.Get("unit"), Reload: tag.Get("reload"), Group: tag.Get("group"),
		tag: tag, fields: []reflect.Value{field},
	}
	s.Env = cmp.Or(s.Env, EnvOf(name))
	if enum := tag.Get("enum"); enum != "" {
		s.Enum = strings.Split(enum, ",")
		s.also = strings.FieldsFunc(tag.Get("also"), func(r rune) bool { return r == ',' })
	}
	return s
}

// EnvOf returns the variable of a flag, unless its setting names another one.
func EnvOf(flag string) string {
	return "WHISKAWAY_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Fill sets zero fields to their defaults.
func Fill(config any) {
	for _, s := range Of(config) {
		for _, field := range s.fields {
			if s.Default != "" && field.IsZero() {
				field.Set(s.mustParse(s.Default))
			}
		}
	}
}

// Check returns an error that names a number or time out of its bounds, in a
// struct after Fill.
func Check(config any) error {
	for _, s := range Of(config) {
		for _, field := range s.fields {
			if err := s.inBounds(field); err != nil && !field.IsZero() && !s.isNone(field) {
				return fmt.Errorf("%w: --%s must be %w, not %v", daemon.ErrConfig, s.Flag, err, field.Interface())
			}
		}
	}
	return nil
}

// Merge copies the settings that a reload may change from next into config. It
// returns the settings that only a restart changes.
func Merge[T any](config *T, next T) (restart []string) {
	wanted := Of(&next)
	for n, s := range Of(config) {
		for i, now := range s.fields {
			want := wanted[n].fields[i]
			switch toggled := now.IsZero() != want.IsZero(); {
			case reflect.DeepEqual(now.Interface(), want.Interface()):
			case s.Reload == "live", s.Reload == "toggle" && !toggled:
				now.Set(want)
			default:
				restart = append(restart, s.Flag)
			}
		}
	}
	return restart
}

// HasFile reports whether a setting of a struct names a file.
func HasFile(config any) bool {
	return slices.ContainsFunc(Of(config), func(s *Setting) bool { return s.tag.Get("type") == "file" && !s.fields[0].IsZero() })
}
