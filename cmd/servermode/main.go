//go:build linux

// Command servermode is the daemon on an external host: it runs functions for
// client containers elsewhere. It reads the settings and runs package
// servermode.
package main

import (
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon/command"
	"github.com/whiskaway/whiskaway/servermode"
)

var program = command.Program[servermode.Config]{
	Name: "servermode",
	About: `Run OpenWhisk functions for client containers elsewhere.
The log goes to stderr, but with --log=auto to servermode.log in the state folder where stdout and stderr are two pipes and there is no --token-file: a plain OpenWhisk caller takes stderr for its function's.`,
	New: func(cfg servermode.Config, log *zap.Logger) command.Service[servermode.Config] {
		cfg.Log, cfg.AdoptOrphans = log, true
		return servermode.New(cfg)
	},
	OwnLog: ownLog,
}

func main() { program.Main() }
