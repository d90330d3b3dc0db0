// Command loadbalancer spreads the runs of client containers over servers. It
// reads the settings and runs package loadbalancer.
package main

import (
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon/command"
	"github.com/whiskaway/whiskaway/loadbalancer"
)

var program = command.Program[loadbalancer.Config]{
	Name: "loadbalancer",
	About: `Spread the runs of client containers over servers.
'loadbalancer healthcheck', with the same settings, asks one on this host whether it is alive.`,
	New: func(cfg loadbalancer.Config, log *zap.Logger) command.Service[loadbalancer.Config] {
		cfg.Log = log
		return loadbalancer.New(cfg)
	},
	Address: func(cfg loadbalancer.Config) (listen string, tls bool) { return cfg.Listen, cfg.TLSCert != "" },
}

func main() { program.Main() }
