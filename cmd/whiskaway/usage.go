package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

// parse reads the command line. A usage error is one line on stderr and ends the
// program.
func parse(c *cli, args []string, options ...kong.Option) *kong.Context {
	parser, err := kong.New(c, append(options, kong.NamedMapper("path", kong.MapperFunc(path)))...)
	if err != nil {
		panic(err)
	}
	args, err = joinParameters(args)
	if err != nil {
		misused("invoke ", err)
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		command := ""
		if wrong, ok := errors.AsType[*kong.ParseError](err); ok && wrong.Context.Selected() != nil {
			command = wrong.Context.Selected().Name + " "
		}
		misused(command, err)
	}
	return ctx
}

// path makes a path absolute, and ~ the user's home. An empty one, as of a variable
// that is set to nothing, names no file: it is not the working folder.
func path(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("path", &text); err != nil {
		return err
	}
	if text != "" {
		text = kong.ExpandPath(text)
	}
	target.SetString(text)
	return nil
}

func misused(command string, err error) {
	says := strings.Join(strings.Fields(err.Error()), " ")
	fmt.Fprintf(os.Stderr, "whiskaway: %s; whiskaway %s--help says more\n", says, command)
	os.Exit(daemon.ExitUsage)
}

// joinParameters rewrites -p NAME VALUE, the form of the platform's own tool, as
// -p NAME=VALUE: a flag takes one value.
func joinParameters(args []string) ([]string, error) {
	if len(args) == 0 || args[0] != "invoke" {
		return args, nil
	}
	var out []string
	for i := 0; i < len(args); i++ {
		out = append(out, args[i])
		switch {
		case args[i] == "--":
			return append(out, args[i+1:]...), nil
		case args[i] != "-p" && args[i] != "--param" || i+1 == len(args):
		case strings.Contains(args[i+1], "="):
			i++
			out = append(out, args[i])
		case i+2 == len(args):
			return nil, fmt.Errorf("-p %s has no value: want -p NAME VALUE or -p NAME=VALUE", args[i+1])
		case strings.HasPrefix(args[i+2], "--"):
			return nil, fmt.Errorf("-p %s has no value before %s: want -p NAME VALUE, or -p NAME=VALUE for one that begins with --", args[i+1], args[i+2])
		default:
			out = append(out, args[i+1]+"="+args[i+2])
			i += 2
		}
	}
	return out, nil
}
