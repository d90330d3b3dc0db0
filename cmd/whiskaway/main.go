// Command whiskaway is the command line tool. It plays the platform's invoker,
// asks servers and balancers about themselves, and checks runtimes. Each
// command has a package under internal; main parses the command line.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/conformance"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/demo"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/dev"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/drain"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/exit"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/invoke"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/ps"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/target"
	suite "github.com/whiskaway/whiskaway/runtime-spec/conformance"
)

type cli struct {
	Demo   demo.Command   `cmd:"" help:"Run the plates action on a server process of this host, played from the invoker's side."`
	Invoke invoke.Command `cmd:"" set:"usual=${server}" help:"Initialise and run an action as the invoker would; logs and result apart."`
	Dev    dev.Command    `cmd:"" set:"usual=a server within this command, for as long as it runs" help:"Serve an action on this host and initialise it again at each save."`
	Ps     ps.Command     `cmd:"" set:"usual=${server}; with --balancer ${balancer}" help:"List a server's functions, and a balancer's servers."`
	Drain  drain.Command  `cmd:"" set:"usual=${balancer}" help:"Have a balancer send a server no new work."`
	Return drain.Return   `cmd:"" set:"usual=${balancer}" help:"Have a balancer give work again to a server that was drained."`

	Conformance conformance.Command `cmd:"" help:"Check whether a runtime does what OpenWhisk expects of one."`

	Version versionFlag `help:"Print the version and end."`
}

const description = `Run OpenWhisk functions away: on GPU boxes, cameras, any external host.

A server is named in the same way everywhere: --server HOST, HOST:PORT or URL, or WHISKAWAY_SERVER; where there is neither, WHISKAWAY_UPSTREAM, which is the client container's. HOST alone means the usual port.

` + exit.Help

// variables are names in the texts of flags.
var variables = kong.Vars{
	"devListen": dev.Listen, "server": target.DefaultServer, "balancer": target.DefaultBalancer, "runtime": target.DefaultRuntime,
	"conformanceKinds": strings.Join(suite.Kinds(), ", "),
}

func main() {
	suite.ActIfAsked() // this program is itself the ELF action of some cases
	var c cli
	ctx := parse(&c, os.Args[1:], kong.Name("whiskaway"), kong.Description(description), variables)
	if err := ctx.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "whiskaway:", err)
		os.Exit(exit.Code(err))
	}
}
