// Command clientmode is the container that an OpenWhisk invoker deploys in
// place of a runtime. It uses the standard library's flags: its start is part
// of a cold start, and its size of an image pull.
package main

import (
	"fmt"
	"os"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/internal/daemon"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "healthcheck" {
		os.Exit(healthcheck(os.Args[2:]))
	}
	o := parse(os.Args[1:])
	log, err := daemon.NewLog(o.logLevel, o.logFile)
	if err != nil {
		usage("%v", err)
	}
	o.cfg.Log = log
	code := daemon.Run(reportStart{clientmode.New(o.cfg)}, o.grace, log)
	_ = log.Sync()
	os.Exit(code)
}

// reportStart says on stderr why a client cannot start: it has no log of its
// own by default, and no activation is there yet whose log this could spoil.
type reportStart struct{ *clientmode.Client }

func (r reportStart) Start() error {
	err := r.Client.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "clientmode:", err)
	}
	return err
}

// healthcheck asks a client on this host whether it is alive: the image has no
// shell and no curl.
func healthcheck(args []string) int {
	f := quiet("clientmode healthcheck")
	listen := os.Getenv("WHISKAWAY_LISTEN")
	if listen == "" {
		listen = ":8080"
	}
	f.StringVar(&listen, "listen", listen, "address that the client serves on (WHISKAWAY_LISTEN)")
	read(f, args, "  clientmode healthcheck [--listen ADDRESS]\n\n")
	if err := daemon.Alive(listen, false); err != nil {
		fmt.Fprintln(os.Stderr, "healthcheck:", err)
		return daemon.ExitFailed
	}
	return daemon.ExitOK
}
