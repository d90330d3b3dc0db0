// Command whiskaway is the tool for people: it plays the platform's invoker and
// shows what there is to see.
package main

import (
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

type cli struct {
	Demo   demoCommand   `cmd:"" help:"Run the plates action on a server process of this host, played from the invoker's side."`
	Invoke invokeCommand `cmd:"" help:"Initialise and run an action as the invoker would; logs and result apart."`
}

func main() {
	var c cli
	ctx := kong.Parse(&c, kong.Name("whiskaway"), kong.UsageOnError(),
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
