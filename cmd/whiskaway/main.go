// Command whiskaway is the tool for people: it plays the platform's invoker and
// shows what there is to see.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance"
)

type cli struct {
	Demo   demoCommand   `cmd:"" help:"Run the plates action on a server process of this host, played from the invoker's side."`
	Invoke invokeCommand `cmd:"" set:"usual=${server}" help:"Initialise and run an action as the invoker would; logs and result apart."`
	Dev    devCommand    `cmd:"" set:"usual=a server within this command, for as long as it runs" help:"Serve an action on this host and initialise it again at each save."`
	Ps     psCommand     `cmd:"" set:"usual=${server}; with --balancer ${balancer}" help:"List the functions that a server holds, and a balancer's servers."`
	Drain  drainCommand  `cmd:"" set:"usual=${balancer}" help:"Have a balancer send a server no new work."`
	Return returnCommand `cmd:"" set:"usual=${balancer}" help:"Have a balancer give work again to a server that was drained."`

	Conformance conformanceCommand `cmd:"" help:"Check whether a runtime does what OpenWhisk expects of one."`

	Version versionFlag `help:"Print the version and end."`
}

const description = `Run OpenWhisk functions away: on GPU boxes, cameras, any external host.

A server is named in the same way everywhere: --server HOST, HOST:PORT or URL, or WHISKAWAY_SERVER; where there is neither, WHISKAWAY_UPSTREAM, which is the client container's. HOST alone means the usual port.

` + exitCodes

func main() {
	conformance.ActIfAsked() // this program is itself the ELF action of some cases
	var c cli
	ctx := parse(&c, os.Args[1:], kong.Name("whiskaway"), kong.Description(description),
		kong.Vars{
			"devListen": devListen, "server": defaultServer, "balancer": defaultBalancer, "runtime": defaultRuntime,
			"conformanceKinds": strings.Join(conformance.Kinds(), ", "),
		})
	if err := ctx.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "whiskaway:", err)
		os.Exit(exitCode(err))
	}
}
