// Command clientmode is the container that an OpenWhisk invoker deploys in
// place of a runtime. It knows no settings files: its start is part of a cold
// start, and its size of an image pull.
package main

import (
	"os"
	"time"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/settings"
)

// flags are the settings of a client and of its process.
type flags struct {
	Client clientmode.Config

	Grace    time.Duration `flag:"grace" group:"The process" default:"25s" help:"How long runs may go on after SIGTERM."`
	Log      string        `flag:"log" holder:"FILE" help:"File for the client's own log; its streams are the function's."`
	LogLevel string        `flag:"log-level" default:"info" enum:"debug,info,warn,error" help:"Lowest level of the entries that are logged."`
}

var command = settings.Command{Name: "clientmode", About: `An OpenWhisk runtime that runs its function on a server elsewhere.
'clientmode healthcheck [--listen=ADDRESS]' asks one on this host whether it is alive.`}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "healthcheck" {
		var cfg clientmode.Config
		command.Read(os.Args[2:], &cfg)
		settings.Fill(&cfg)
		os.Exit(daemon.Healthcheck(cfg.Listen, false))
	}
	var f flags
	command.Read(os.Args[1:], &f)
	log, err := daemon.NewLog(f.LogLevel, f.Log)
	if err != nil {
		daemon.Complain(err)
		os.Exit(daemon.ExitUsage)
	}
	f.Client.Log = log
	code := daemon.Run(clientmode.New(f.Client), f.Grace, log, f.Log)
	_ = log.Sync()
	os.Exit(code)
}
