package configfile

import (
	"errors"
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

// order is what a service's --help says of where its settings come from.
const order = " Every flag has its variable, and is a key of the YAML file that --config names. A flag goes before a variable, a variable before the file."

// Parser reads a service's command line, variables and the file that its flag
// config names into flags, a struct as kong has them.
func Parser(name, description string, flags any) *kong.Kong {
	return kong.Must(flags, kong.Name(name), kong.UsageOnError(), From("config"), kong.Description(description+order),
		kong.Exit(func(code int) {
			if code != 0 {
				code = daemon.ExitUsage
			}
			os.Exit(code)
		}))
}

// ParseOrExit has a parser read arguments. What is wrong with them, or with the
// file, ends the process with the code that says which.
func ParseOrExit(parser *kong.Kong, args []string) {
	_, err := parser.Parse(args)
	if errors.Is(err, daemon.ErrConfig) {
		Exit(parser.Model.Name, daemon.ExitConfig, err)
	}
	parser.FatalIfErrorf(err)
}

// Exit says why a command ends, and ends it.
func Exit(name string, code int, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	os.Exit(code)
}
