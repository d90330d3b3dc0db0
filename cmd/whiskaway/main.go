// Command whiskaway is the tool for people: it plays the platform's invoker and
// shows what there is to see.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance"
)

type cli struct {
	Demo   demoCommand   `cmd:"" help:"Run the plates action on a server process of this host, played from the invoker's side."`
	Invoke invokeCommand `cmd:"" help:"Initialise and run an action as the invoker would; logs and result apart."`
	Dev    devCommand    `cmd:"" help:"Serve an action on this host and initialise it again at each save."`
	Ps     psCommand     `cmd:"" help:"List the functions that a server holds, and a balancer's servers."`
	Drain  drainCommand  `cmd:"" help:"Have a balancer send a server no new work."`
	Return returnCommand `cmd:"" help:"Have a balancer give work again to a server that was drained."`

	Conformance conformanceCommand `cmd:"" help:"Check whether a runtime does what OpenWhisk expects of one."`
}

func main() {
	conformance.ActIfAsked() // this program is itself the ELF action of some cases
	var c cli
	ctx := kong.Parse(&c, kong.Name("whiskaway"), kong.UsageOnError(),
		kong.Vars{"devListen": devListen, "server": defaultServer, "balancer": defaultBalancer, "conformanceKinds": strings.Join(conformance.Kinds(), ", ")},
		kong.Description("Run OpenWhisk functions away: on GPU boxes, cameras, any external host."),
		kong.Exit(func(code int) {
			if code != 0 {
				code = daemon.ExitUsage
			}
			os.Exit(code)
		}))
	if err := ctx.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "whiskaway:", err)
		os.Exit(daemon.ExitFailed)
	}
}
