package configfile

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

// order is what a service's --help says of where its settings come from.
const order = " Every flag has its variable, and is a key of the YAML file that --config names. A flag overrides a variable, a variable overrides the file."

// versionFlag is a flag of every command.
type versionFlag struct {
	Version kong.VersionFlag `help:"Print the version and end."`
}

// Parser reads a service's command line, variables and the file that its flag
// config names into flags, a struct as kong has them.
func Parser(name, description string, flags any) *kong.Kong {
	return kong.Must(flags, kong.Name(name), From("config"), kong.Description(description+order),
		kong.Embed(&versionFlag{}), kong.Vars{"version": name + " " + daemon.Version()},
		kong.Exit(func(code int) {
			if code != 0 {
				code = daemon.ExitUsage
			}
			os.Exit(code)
		}))
}

// ParseOrExit has a parser read arguments. What is wrong with them, or with the
// file, is said in one line and ends the process.
func ParseOrExit(parser *kong.Kong, args []string) {
	if _, err := parser.Parse(args); err != nil {
		if errors.Is(err, daemon.ErrConfig) {
			Exit(parser.Model.Name, daemon.ExitConfig, err)
		}
		Exit(parser.Model.Name, daemon.ExitUsage, fmt.Errorf("%w (--help lists what there is)", err))
	}
}

// Exit says why a command ends, and ends it.
func Exit(name string, code int, err error) {
	fmt.Fprintf(os.Stderr, "%s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", "; "))
	os.Exit(code)
}
