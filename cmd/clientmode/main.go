// Command clientmode is the container that an OpenWhisk invoker deploys in
// place of a runtime. It uses the standard library's flags: its start is part
// of a cold start, and its size of an image pull.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/internal/daemon"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "healthcheck" {
		os.Exit(healthcheck(os.Args[2:]))
	}
	cfg, logFile, logLevel, grace := parse(os.Args[1:])
	log, err := daemon.NewLog(logLevel, logFile)
	if err != nil {
		fmt.Fprintln(os.Stderr, "clientmode:", err)
		os.Exit(daemon.ExitUsage)
	}
	cfg.Log = log
	client := clientmode.New(cfg)
	code := daemon.Run(reportStart{client}, grace, log)
	_ = log.Sync()
	os.Exit(code)
}

// reportStart says on stderr why a client cannot start: it has no log of its
// own by default, and no activation is there yet whose log this could spoil.
type reportStart struct{ *clientmode.Client }

func (r reportStart) Start() error {
	err := r.Client.Start()
	if err != nil && !errors.Is(err, daemon.ErrConfig) { // which daemon.Run says there
		fmt.Fprintln(os.Stderr, "clientmode:", err)
	}
	return err
}

func parse(args []string) (cfg clientmode.Config, logFile, logLevel string, grace time.Duration) {
	f := flag.NewFlagSet("clientmode", flag.ContinueOnError)
	f.Usage = func() {
		fmt.Fprint(f.Output(), "clientmode is an OpenWhisk runtime that runs its function on a server elsewhere.\n\n"+
			"  clientmode [flags]\n  clientmode healthcheck [--listen ADDRESS]\n\nEvery flag has its variable.\n\n")
		f.PrintDefaults()
	}
	text := func(p *string, name, variable, value, help string) {
		if v, ok := os.LookupEnv(variable); ok {
			value = v
		}
		f.StringVar(p, name, value, help+" ("+variable+")")
	}
	var allow, volatile, limit, wait, unavailable string
	text(&cfg.Listen, "listen", "WHISKAWAY_LISTEN", ":8080", "address to serve on")
	text(&cfg.Upstream, "upstream", "WHISKAWAY_UPSTREAM", "", "URL of the server or balancer")
	text(&allow, "upstream-allow", "WHISKAWAY_UPSTREAM_ALLOW", "", "hosts, host:ports, IPs or CIDRs that an action's main@url may name, comma-separated; the token goes only to a host:port named here")
	text(&cfg.Dialect, "dialect", "WHISKAWAY_DIALECT", clientmode.DialectWhiskaway, "what the server speaks: whiskaway, or openserverless for a proxy server of Apache OpenServerless")
	text(&cfg.Kind, "kind", "WHISKAWAY_KIND", "", "kind of the functions, such as python:3; empty: the server sniffs")
	text(&cfg.TokenFile, "token-file", "WHISKAWAY_TOKEN_FILE", "", "file with the bearer token for the server")
	text(&cfg.CAFile, "ca-file", "WHISKAWAY_CA_FILE", "", "certificates to trust, PEM")
	text(&cfg.SpoolDir, "spool-dir", "WHISKAWAY_SPOOL_DIR", os.TempDir(), "where large code is kept")
	text(&limit, "limit", "WHISKAWAY_LIMIT", "60s", "time for an init or a run when the platform names none")
	text(&wait, "grace", "WHISKAWAY_GRACE", "25s", "how long runs may go on after SIGTERM")
	text(&unavailable, "unavailable-503", "WHISKAWAY_UNAVAILABLE_503", "false", "true: answer 503 when nothing was started, for platforms that then send it again")
	text(&volatile, "volatile-env", "WHISKAWAY_VOLATILE_ENV", "", "more init parameters that change with each activation, comma-separated; the same on the servers")
	text(&logFile, "log", "WHISKAWAY_LOG", "", "file for the client's own log; its streams are the function's")
	text(&logLevel, "log-level", "WHISKAWAY_LOG_LEVEL", "info", "debug, info, warn or error")
	if err := f.Parse(args); err == flag.ErrHelp {
		os.Exit(daemon.ExitOK)
	} else if err != nil {
		os.Exit(daemon.ExitUsage)
	}
	if f.NArg() > 0 {
		usage("unknown argument %q", f.Arg(0))
	}
	cfg.UpstreamAllow, cfg.VolatileEnv = list(allow), list(volatile)
	cfg.Limit, grace = duration("limit", limit), duration("grace", wait)
	switch unavailable {
	case "true", "1":
		cfg.Unavailable = true
	case "false", "0", "":
	default:
		usage("--unavailable-503 must be true or false, not %q", unavailable)
	}
	return cfg, logFile, logLevel, grace
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

func duration(name, text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		usage("--%s must be a time such as 60s, not %q", name, text)
	}
	return d
}

func usage(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "clientmode: "+format+"\n", args...)
	os.Exit(daemon.ExitUsage)
}

// healthcheck asks a client on this host whether it is alive: the image has no
// shell and no curl.
func healthcheck(args []string) int {
	f := flag.NewFlagSet("healthcheck", flag.ContinueOnError)
	listen := os.Getenv("WHISKAWAY_LISTEN")
	if listen == "" {
		listen = ":8080"
	}
	f.StringVar(&listen, "listen", listen, "address that the client serves on")
	if f.Parse(args) != nil {
		return daemon.ExitUsage
	}
	if err := daemon.Alive(listen, false); err != nil {
		fmt.Fprintln(os.Stderr, "healthcheck:", err)
		return daemon.ExitFailed
	}
	return daemon.ExitOK
}
