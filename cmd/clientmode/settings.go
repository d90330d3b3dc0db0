package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

// settings are flags that each have an environment variable. What is wrong with
// either is found when all are known, and told in one line.
type settings struct {
	*flag.FlagSet
	version bool
	wrong   error // of a variable
}

// quiet is a set of flags that prints nothing by itself.
func quiet(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	return f
}

// setting is one flag, shown and read as text.
type setting[T any] struct {
	to   *T
	read func(string) (T, error)
	text string
}

func (s *setting[T]) String() string { return s.text }

// Set reads a value.
func (s *setting[T]) Set(text string) (err error) {
	value, err := s.read(text)
	if err == nil {
		*s.to, s.text = value, text
	}
	return err
}

// add defines a flag, whose default is its variable's value where it is set.
func add[T any](f *settings, to *T, name, value, help string, read func(string) (T, error)) {
	s := &setting[T]{to: to, read: read}
	if err := s.Set(value); err != nil {
		panic(err) // ours
	}
	if text, ok := os.LookupEnv(variable(name)); ok {
		if err := s.Set(text); err != nil && f.wrong == nil {
			f.wrong = fmt.Errorf("%s: %q: %w", variable(name), text, err)
		}
	}
	f.Var(s, name, help+" ("+variable(name)+")")
}

func (f *settings) text(to *string, name, value, help string) {
	add(f, to, name, value, help, func(text string) (string, error) { return text, nil })
}

func (f *settings) list(to *[]string, name, help string) {
	add(f, to, name, "", help, func(text string) ([]string, error) {
		return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }), nil
	})
}

func (f *settings) time(to *time.Duration, name, value, help string) {
	add(f, to, name, value, help, func(text string) (time.Duration, error) {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return 0, errors.New("write a time such as 60s or 200ms")
		}
		return d, nil
	})
}

// bytes is a size; to is int or int64.
func (f *settings) bytes(to any, name string, value int, help string) {
	read := func(text string) (int, error) {
		n, err := strconv.Atoi(text)
		if err != nil || n <= 0 {
			return 0, errors.New("write a number of bytes above 0")
		}
		return n, nil
	}
	switch to := to.(type) {
	case *int:
		add(f, to, name, strconv.Itoa(value), help, read)
	case *int64:
		add(f, to, name, strconv.Itoa(value), help, func(text string) (int64, error) { n, err := read(text); return int64(n), err })
	}
}

func (f *settings) truth(to *bool, name, help string) {
	add(f, to, name, "false", help, func(text string) (bool, error) {
		switch text {
		case "true", "1":
			return true, nil
		case "false", "0", "":
			return false, nil
		}
		return false, errors.New("write true or false")
	})
}

// parse reads the command line; it ends the process where that is all, or wrong.
func (f *settings) parse(args []string) {
	read(f.FlagSet, args, about)
	switch {
	case f.version:
		fmt.Println("clientmode", version())
		os.Exit(daemon.ExitOK)
	case f.wrong != nil:
		usage("%v", f.wrong)
	}
}

// read is the part of it that is the same for every command.
func read(f *flag.FlagSet, args []string, about string) {
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(about)
		f.VisitAll(show)
		os.Exit(daemon.ExitOK)
	case err != nil:
		usage("%s; see %s --help", dashes.Replace(err.Error()), f.Name())
	case f.NArg() > 0:
		usage("unknown argument %q; see %s --help", f.Arg(0), f.Name())
	}
}

// dashes writes flags in the package's errors as everywhere else.
var dashes = strings.NewReplacer("for flag -", "for --", ": -", ": --")

func show(f *flag.Flag) {
	fmt.Printf("  --%s\n    \t%s", f.Name, f.Usage)
	if f.DefValue != "" && f.DefValue != "false" {
		fmt.Printf(" [%s]", f.DefValue)
	}
	fmt.Println()
}

func usage(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	fmt.Fprintln(os.Stderr, "clientmode:", strings.Join(strings.Fields(text), " "))
	os.Exit(daemon.ExitUsage)
}
