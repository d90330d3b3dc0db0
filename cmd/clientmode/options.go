package main

import (
	"os"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/whiskaway/whiskaway/clientmode"
)

// options are what the command line and the environment say.
type options struct {
	cfg               clientmode.Config
	logFile, logLevel string
	grace             time.Duration
}

const about = "clientmode is an OpenWhisk runtime that runs its function on a server elsewhere.\n\n" +
	"  clientmode [flags]\n  clientmode healthcheck [--listen ADDRESS]\n\nEvery flag has its variable.\n\n"

func parse(args []string) (o options) {
	f := &settings{FlagSet: quiet("clientmode")}
	cfg := &o.cfg
	f.text(&cfg.Listen, "listen", ":8080", "address to serve on")
	f.text(&cfg.Upstream, "upstream", "", "URL of the server or balancer: http://HOST:PORT or https://HOST:PORT")
	f.text(&cfg.UpstreamName, "upstream-name", "the server", "what errors that authors see call it: its address is only in the client's own log")
	f.list(&cfg.UpstreamAllow, "upstream-allow", "hosts, host:ports, IPs or CIDRs that an action's main@url may name, comma-separated; the token goes only to a host:port named here")
	f.text(&cfg.Dialect, "dialect", clientmode.DialectWhiskaway, "what the server speaks: whiskaway, or openserverless for a proxy server of Apache OpenServerless")
	f.text(&cfg.Kind, "kind", "", "kind of the functions, such as python:3; empty: the server sniffs")
	f.text(&cfg.TokenFile, "token-file", "", "file with the bearer token for the server")
	f.text(&cfg.CAFile, "ca-file", "", "certificates to trust, PEM")
	f.text(&cfg.SpoolDir, "spool-dir", os.TempDir(), "where large code is kept")
	f.time(&cfg.Limit, "limit", "60s", "time for an init or a run when the platform names none")
	f.time(&cfg.StopGrace, "stop-grace", "200ms", "the servers' --stop-grace: how long an overdue run may take to exit; the client takes it, and at most a ninth, off the time that it gives a server")
	f.time(&cfg.LogSettle, "log-settle", "30ms", "pause before a failure that has a log is answered: OpenWhisk then reads the log at once, and its engine has to have written it; 0: none")
	f.time(&o.grace, "grace", "25s", "how long runs may go on after SIGTERM")
	f.bytes(&cfg.MaxInitBody, "max-init-body", 72<<20, "largest init, in bytes: the code in base64, and the environment")
	f.bytes(&cfg.MaxRunBody, "max-run-body", 32<<20, "largest run, in bytes: the arguments")
	f.bytes(&cfg.MaxResult, "max-result", 1<<20, "largest result, in bytes; OpenWhisk's own limit is 1048576 unless it is set there")
	f.truth(&cfg.Unavailable, "unavailable-503", "true: answer a run with 503 when nothing was started. OpenWhisk then runs it once more, in another container; a platform that does not retry loses the activation. An init is never answered so: OpenWhisk drops its activation without a record")
	f.list(&cfg.VolatileEnv, "volatile-env", "more init parameters that change with each activation, comma-separated; the same on the servers")
	f.text(&o.logFile, "log", "", "file for the client's own log; its streams are the function's")
	add(f, &o.logLevel, "log-level", "info", "debug, info, warn or error", func(text string) (string, error) {
		_, err := zapcore.ParseLevel(text)
		return text, err
	})
	f.BoolVar(&f.version, "version", false, "Print the version and end.")
	f.parse(args)
	if cfg.LogSettle == 0 {
		cfg.LogSettle = -1 // to Config, 0 is its default
	}
	for name, d := range map[string]time.Duration{"limit": cfg.Limit, "grace": o.grace, "stop-grace": cfg.StopGrace} {
		if d <= 0 {
			usage("--%s (%s) must be a time above 0, such as 60s", name, variable(name))
		}
	}
	return o
}

// variable is the environment variable of a flag.
func variable(flag string) string {
	return "WHISKAWAY_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}
