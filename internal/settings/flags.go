package settings

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// parseFlags reads a command line.
func (c Command) parseFlags(args []string, all []*Setting) error {
	flags := flag.NewFlagSet(c.Name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	version := flags.Bool("version", false, "")
	var wrong error
	for _, s := range all {
		flags.Var(flagOf{s, &wrong}, s.Flag, "")
	}
	err := flags.Parse(args)
	if wrong != nil {
		return wrong
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		return c.misused(err.Error(), all)
	}
	switch {
	case err != nil:
		return err
	case *version:
		return errVersion
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q (%s --help lists what there is)", flags.Arg(0), c.Name)
	}
	return nil
}

// misused turns the standard library's message about a command line into an
// error.
func (c Command) misused(text string, all []*Setting) error {
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		if near := Nearest(strings.TrimLeft(name, "-"), all); near != "" {
			return fmt.Errorf("there is no flag --%s; did you mean --%s?", name, near)
		}
		return fmt.Errorf("there is no flag --%s (%s --help lists what there is)", name, c.Name)
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		return fmt.Errorf("--%s needs a value", name)
	}
	return errors.New(text)
}

// flagOf makes a setting a flag of the standard library.
type flagOf struct {
	*Setting
	wrong *error
}

func (f flagOf) String() string { return "" }

// IsBoolFlag reports whether the flag may stand without a value.
func (f flagOf) IsBoolFlag() bool { return f.Setting != nil && f.Kind() == Bool }

// Set parses a value. A list gets one call for each of its values.
func (f flagOf) Set(text string) error {
	value, err := f.Parse(text)
	if err != nil {
		*f.wrong = fmt.Errorf("--%s must be %w, not %q", f.Flag, err, text)
		return *f.wrong
	}
	if f.Kind() == List && f.given {
		value = reflect.AppendSlice(f.fields[0], value)
	}
	f.given = true
	f.set(value)
	return nil
}
