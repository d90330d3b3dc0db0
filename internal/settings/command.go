package settings

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

// Command reads a command's settings. A flag overrides a variable, a variable
// overrides the file, and the file overrides the default.
type Command struct {
	Name, About string // each line of About is a paragraph

	// File reads the settings of the file that the flag config names, by flag.
	// An error in the file counts even for a setting that is overridden. nil:
	// the command has no file.
	File func(path string, all []*Setting) (map[string]reflect.Value, error)
}

// fileFlag is the setting that names the file.
const fileFlag = "config"

// Read reads settings into the struct that config points to. If they are wrong,
// or only help or the version is asked for, it prints that and ends the
// process.
func (c Command) Read(args []string, config any) {
	err := c.Parse(args, config)
	switch {
	case err == nil:
		return
	case errors.Is(err, flag.ErrHelp):
		c.help(os.Stdout, Of(config))
		os.Exit(daemon.ExitOK)
	case errors.Is(err, errVersion):
		fmt.Println(c.Name, daemon.Version())
		os.Exit(daemon.ExitOK)
	}
	daemon.Complain(err)
	if errors.Is(err, daemon.ErrConfig) {
		os.Exit(daemon.ExitConfig)
	}
	os.Exit(daemon.ExitUsage)
}

var errVersion = errors.New("the version is asked for")

// Parse reads settings into the struct that config points to.
func (c Command) Parse(args []string, config any) error {
	all := Of(config)
	for _, s := range all {
		if s.Default != "" {
			s.set(s.mustParse(s.Default))
		}
	}
	if err := c.parseFlags(args, all); err != nil {
		return err
	}
	for _, s := range all {
		if err := s.lookUp(); err != nil {
			return err
		}
	}
	if c.File == nil {
		return nil
	}
	return c.parseFile(all)
}

func (s *Setting) set(value reflect.Value) {
	for _, field := range s.fields {
		field.Set(value)
	}
}

// lookUp reads the setting's variable, unless there was a flag. An empty
// variable does not set a number, a time or a choice.
func (s *Setting) lookUp() error {
	text, ok := os.LookupEnv(s.Env)
	empty := text == "" && (s.Kind() == Number || s.Kind() == Time || len(s.Enum) > 0)
	if !ok || empty {
		return nil
	}
	value, err := s.Parse(text)
	if err != nil {
		return fmt.Errorf("%s must be %w, not %q", s.Env, err, text)
	}
	if !s.given {
		s.given = true
		s.set(value)
	}
	return nil
}

// parseFile reads the file, if one is named, for settings that are not given
// otherwise.
func (c Command) parseFile(all []*Setting) error {
	path := ""
	for _, s := range all {
		if s.Flag == fileFlag {
			path = s.fields[0].String()
		}
	}
	if path == "" {
		return nil
	}
	values, err := c.File(path, all)
	if err != nil {
		return fmt.Errorf("%w: %w", daemon.ErrConfig, err)
	}
	for _, s := range all {
		if value, ok := values[s.Flag]; ok && !s.given {
			s.set(value)
		}
	}
	return nil
}
