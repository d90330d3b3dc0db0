// Command loadbalancer spreads the runs of client containers over servers.
package main

import (
	"cmp"
	"fmt"
	"os"
	"time"

	"github.com/alecthomas/kong"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/configfile"
	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/loadbalancer"
)

type flags struct {
	Config string `env:"WHISKAWAY_CONFIG" placeholder:"FILE" help:"YAML file with settings; its keys are the names of these flags. SIGHUP has it read again."`

	Listen    string   `default:"127.0.0.1:18080" env:"WHISKAWAY_LISTEN" help:"Address to serve on. More than loopback needs --token-file."`
	Server    []string `env:"WHISKAWAY_SERVERS" placeholder:"URL" help:"A server, such as http://gpu-1:9000; once for each. Or where servers are known from: dns://NAME:PORT, srv://NAME, file:///PATH. All balancers need the same: it says where functions are placed."`
	StateDir  string   `env:"WHISKAWAY_STATE_DIR" help:"Folder for functions' code. [/var/lib/whiskaway-loadbalancer as root]" type:"path"`
	TokenFile string   `env:"WHISKAWAY_TOKEN_FILE" help:"Callers' bearer tokens, one a line: token, tenant, and 'delegate' if it may act for others." type:"path"`
	TLSCert   string   `name:"tls-cert" env:"WHISKAWAY_TLS_CERT" help:"Certificate, PEM; serves HTTPS." type:"path"`
	TLSKey    string   `name:"tls-key" env:"WHISKAWAY_TLS_KEY" help:"Its private key, PEM." type:"path"`

	ServersTokenFile string `env:"WHISKAWAY_SERVERS_TOKEN_FILE" help:"Its first token is sent to the servers, which must know it as one that may delegate." type:"path"`
	JoinTokenFile    string `env:"WHISKAWAY_JOIN_TOKEN_FILE" help:"Bearer tokens with which servers may join by themselves (servermode --join). Who has one is sent functions' code." type:"path"`
	ServersCA        string `name:"servers-ca" env:"WHISKAWAY_SERVERS_CA" help:"Certificates, PEM, by which servers are trusted. [the host's]" type:"path"`

	Policy      string        `default:"warm" enum:"warm,consistent-hash,least-loaded,p2c,peak-ewma,random,round-robin" env:"WHISKAWAY_POLICY" help:"Who gets a run: warm, consistent-hash, least-loaded, p2c, peak-ewma, random or round-robin."`
	Lease       time.Duration `default:"30m" env:"WHISKAWAY_LEASE" help:"How long a function is kept that nobody runs."`
	MaxInit     time.Duration `default:"5m" env:"WHISKAWAY_MAX_INIT" help:"Longest init."`
	VolatileEnv []string      `env:"WHISKAWAY_VOLATILE_ENV" help:"More init parameters that change with each activation; the same on clients and servers."`
	InFlight    int           `default:"4096" env:"WHISKAWAY_IN_FLIGHT" help:"Inits and runs at once. With several tenants one gets as many as are left."`
	Queue       int           `default:"2048" env:"WHISKAWAY_QUEUE" help:"Runs of them that wait while no server has room; of one tenant as many as are left, and so half. 0: none."`
	QueueWait   time.Duration `default:"10s" env:"WHISKAWAY_QUEUE_WAIT" help:"Longest that one waits. It ends before the run's own time does."`
	MaxRunBody  int64         `default:"33554432" env:"WHISKAWAY_MAX_RUN_BODY" help:"Bytes of a run's request, its arguments, at most."`
	MaxInitBody int64         `default:"75497472" env:"WHISKAWAY_MAX_INIT_BODY" help:"Bytes of an init's request, its code, at most."`
	BodyMemory  int64         `default:"301989888" env:"WHISKAWAY_BODY_MEMORY" help:"Bytes of memory for requests' bodies; inits get half of them at most. With several tenants one holds at most as much as it leaves free."`
	Functions   int           `default:"65536" env:"WHISKAWAY_FUNCTIONS" help:"Functions that are known at once."`
	CodeCache   int64         `default:"4294967296" env:"WHISKAWAY_CODE_CACHE" help:"Bytes of functions' code that are kept on disk."`

	CheckEvery   time.Duration `default:"500ms" env:"WHISKAWAY_CHECK_EVERY" help:"Time between two health checks of a server."`
	CheckTimeout time.Duration `default:"1s" env:"WHISKAWAY_CHECK_TIMEOUT" help:"A server that takes longer to answer one is not well."`
	Grace        time.Duration `default:"30s" env:"WHISKAWAY_GRACE" help:"How long requests may go on after SIGTERM."`

	Hosts hostsFlags `embed:"" prefix:"hosts-" envprefix:"WHISKAWAY_HOSTS_"`

	AccessLog bool   `env:"WHISKAWAY_ACCESS_LOG" help:"Log a line for each init, run and stop."`
	LogLevel  string `default:"info" enum:"debug,info,warn,error" env:"WHISKAWAY_LOG_LEVEL" help:"debug, info, warn or error."`

	LogFormat string `default:"auto" enum:"auto,human,json" env:"WHISKAWAY_LOG_FORMAT" help:"human, json, or auto: for people at a terminal, JSON elsewhere."`
}

// hostsFlags are when an owner's hook is called to have hosts come and go.
type hostsFlags struct {
	Hook      string        `env:"HOOK" placeholder:"COMMAND|URL" help:"Called to have one more host, or to end one that is drained: a program and its arguments (no shell, no quotes), or a URL that gets a POST. One balancer of a set has it."`
	TokenFile string        `env:"TOKEN_FILE" help:"Its first token is sent to a hook that is a URL." type:"path"`
	Min       int           `env:"MIN" help:"Hosts that there are at least."`
	Max       int           `env:"MAX" help:"Hosts that there are at most, well or not. A hook needs it."`
	Busy      int           `default:"90" env:"BUSY" help:"Percent of the slots in use from which on hosts are saturated."`
	UpAfter   time.Duration `default:"30s" env:"UP_AFTER" help:"How long they are saturated before one more is asked for."`
	DownAfter time.Duration `default:"10m" env:"DOWN_AFTER" help:"How long a host has nothing to do before it is drained and ended."`
	CoolDown  time.Duration `default:"3m" env:"COOL_DOWN" help:"Time from the start to the first action, and between two: longer than a host takes to come."`
	DrainFor  time.Duration `default:"15m" env:"DRAIN_FOR" help:"How long one that is drained may have runs before it gets work again."`
	Timeout   time.Duration `default:"5m" env:"TIMEOUT" help:"How long the hook may take."`
	Every     time.Duration `default:"5s" env:"EVERY" help:"Time between two looks at the servers."`
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "healthcheck" {
		os.Exit(healthcheck(os.Args[2:]))
	}
	f := parseOrExit(os.Args[1:])
	level, err := zap.ParseAtomicLevel(f.LogLevel)
	if err != nil {
		configfile.Exit("loadbalancer", daemon.ExitUsage, err)
	}
	log, err := daemon.NewLogIn(f.LogFormat, level, "stderr")
	if err != nil {
		configfile.Exit("loadbalancer", daemon.ExitUsage, err)
	}
	cfg := f.config()
	cfg.Log = log
	code := daemon.Run(&reloading{Balancer: loadbalancer.New(cfg), flags: f, log: log, level: level}, f.Grace, log)
	_ = log.Sync()
	os.Exit(code)
}

// healthcheck asks a balancer on this host, that has the same settings, whether
// it is alive: the image has no shell and no curl.
func healthcheck(args []string) int {
	f := parseOrExit(args)
	if err := daemon.Alive(f.Listen, f.TLSCert != ""); err != nil {
		fmt.Fprintln(os.Stderr, "healthcheck:", err)
		return daemon.ExitFailed
	}
	return daemon.ExitOK
}

func newParser(f *flags) *kong.Kong {
	return configfile.Parser("loadbalancer", "Spread the runs of client containers over servers. 'loadbalancer healthcheck', with the same settings, asks one on this host whether it is alive.", f)
}

func parseOrExit(args []string) (f flags) {
	configfile.ParseOrExit(newParser(&f), args)
	return f
}

func (f flags) config() loadbalancer.Config {
	return loadbalancer.Config{
		Listen: f.Listen, Servers: f.Server, StateDir: f.StateDir, TokenFile: f.TokenFile, TLSCert: f.TLSCert, TLSKey: f.TLSKey,
		ServersTokenFile: f.ServersTokenFile, ServersCA: f.ServersCA, JoinTokenFile: f.JoinTokenFile,
		Policy: f.Policy, Lease: f.Lease, InitTimeout: f.MaxInit, VolatileEnv: f.VolatileEnv,
		InFlight: f.InFlight, Queue: cmp.Or(f.Queue, -1), QueueWait: f.QueueWait, MaxRunBody: f.MaxRunBody, MaxInitBody: f.MaxInitBody, BodyMemory: f.BodyMemory, Functions: f.Functions, CodeCache: f.CodeCache,
		CheckEvery: f.CheckEvery, CheckTimeout: f.CheckTimeout, AccessLog: f.AccessLog,
		Hosts: loadbalancer.Hosts{
			Hook: f.Hosts.Hook, TokenFile: f.Hosts.TokenFile, Min: f.Hosts.Min, Max: f.Hosts.Max, Busy: f.Hosts.Busy,
			UpAfter: f.Hosts.UpAfter, DownAfter: f.Hosts.DownAfter, CoolDown: f.Hosts.CoolDown, DrainFor: f.Hosts.DrainFor,
			Timeout: f.Hosts.Timeout, Every: f.Hosts.Every,
		},
	}
}
