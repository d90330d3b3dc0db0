// Command servermode is the daemon on an external host: it runs functions for
// client containers elsewhere.
package main

import (
	"os"
	"time"

	"github.com/alecthomas/kong"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/configfile"
	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/servermode"
)

type flags struct {
	Config string `env:"WHISKAWAY_CONFIG" placeholder:"FILE" help:"YAML file with settings; its keys are the names of these flags. SIGHUP has it read again."`

	Listen    string `default:"127.0.0.1:9000" env:"WHISKAWAY_LISTEN" help:"Address to serve on. More than loopback needs --token-file."`
	StateDir  string `env:"WHISKAWAY_STATE_DIR" help:"Folder for code and running functions. [/var/lib/whiskaway as root]" type:"path"`
	TokenFile string `env:"WHISKAWAY_TOKEN_FILE" help:"Bearer tokens, one a line: token, tenant, and 'delegate' if it may act for others." type:"path"`
	TLSCert   string `name:"tls-cert" env:"WHISKAWAY_TLS_CERT" help:"Certificate, PEM; serves HTTPS." type:"path"`
	TLSKey    string `name:"tls-key" env:"WHISKAWAY_TLS_KEY" help:"Its private key, PEM." type:"path"`

	Join          []string `env:"WHISKAWAY_JOIN" placeholder:"URL" help:"Balancers that this server tells that it is here: it need not be on their lists."`
	JoinTokenFile string   `env:"WHISKAWAY_JOIN_TOKEN_FILE" help:"File whose first token is sent to them." type:"path"`
	JoinCA        string   `name:"join-ca" env:"WHISKAWAY_JOIN_CA" help:"Certificates, PEM, by which they are trusted. [the host's]" type:"path"`
	Advertise     string   `env:"WHISKAWAY_ADVERTISE" placeholder:"URL" help:"Where they reach this server. [--listen, if that is one address]"`
	Tunnel        bool     `env:"WHISKAWAY_TUNNEL" help:"They cannot reach it, behind NAT say: work comes over a connection that it makes to each."`

	KeepAlive   time.Duration `default:"10m" env:"WHISKAWAY_KEEP_ALIVE" help:"How long an idle process is kept."`
	Lease       time.Duration `default:"30m" env:"WHISKAWAY_LEASE" help:"How long a function is kept that nobody runs."`
	MaxRun      time.Duration `default:"5m" env:"WHISKAWAY_MAX_RUN" help:"Longest run, and longest init."`
	Concurrency int           `default:"200" env:"WHISKAWAY_CONCURRENCY" help:"Runs at once in one process of a function that says __OW_ALLOW_CONCURRENT=true, where its kind can."`
	Grace       time.Duration `default:"30s" env:"WHISKAWAY_GRACE" help:"How long runs may go on after SIGTERM."`

	Instances     int           `env:"WHISKAWAY_INSTANCES" help:"Processes per function whose author does not say WHISKAWAY_MAX_INSTANCES; with WHISKAWAY_GPU it is 1. They are started when runs wait, while memory stays above --memory-reserve. [CPUs, at least 8]"`
	Slots         int           `env:"WHISKAWAY_SLOTS" help:"Runs that this host executes at once, as balancers are told: more where functions wait for other things than a CPU. [CPUs]"`
	MaxInstances  int           `default:"64" env:"WHISKAWAY_MAX_INSTANCES" help:"The most that an author may say."`
	MaxKeepAlive  time.Duration `env:"WHISKAWAY_MAX_KEEP_ALIVE" help:"The longest WHISKAWAY_KEEP_ALIVE that an author may say. [forever]"`
	Processes     int           `default:"1024" env:"WHISKAWAY_PROCESSES" help:"Processes of all functions. Beyond it idle ones make room, those idle for longest first."`
	MemoryReserve int64         `env:"WHISKAWAY_MEMORY_RESERVE" help:"Bytes of memory that functions leave free: below it idle processes end, and none is started. [a twentieth of all, at least 64 MiB]"`
	Queue         int           `default:"50" env:"WHISKAWAY_QUEUE" help:"Runs that may wait, per function."`
	QueueTotal    int           `default:"1000" env:"WHISKAWAY_QUEUE_TOTAL" help:"Runs that may wait in all; one tenant gets at most half."`
	StopGrace     time.Duration `default:"200ms" env:"WHISKAWAY_STOP_GRACE" help:"How long a function may take to end itself (SIGTERM) when its run is cancelled or overdue; then it is killed."`
	Activations   int           `default:"1048576" env:"WHISKAWAY_ACTIVATIONS" help:"Activations that are remembered until after their deadlines, so that none runs twice. With more, new ones are refused."`
	ResultCache   int64         `default:"67108864" env:"WHISKAWAY_RESULT_CACHE" help:"Bytes of their results that are kept for callers who lost the answer."`
	CodeCache     int64         `default:"4294967296" env:"WHISKAWAY_CODE_CACHE" help:"Bytes of functions' code that are kept on disk."`

	Python             string        `env:"WHISKAWAY_PYTHON" help:"Interpreter for python:3. [the first of python3 and /usr/bin/python3 that functions can run]"`
	UV                 string        `name:"uv" env:"WHISKAWAY_UV" help:"uv, which installs Python requirements faster than pip; 'none' for pip. [the first of uv, /usr/bin/uv and /usr/local/bin/uv, else pip]"`
	HostPackages       bool          `env:"WHISKAWAY_HOST_PACKAGES" help:"Packages that the interpreter has satisfy requirements, and only what they lack is installed, by pip: for a host that reaches no package index. A function may then run otherwise than on another host."`
	Preload            []string      `env:"WHISKAWAY_PRELOAD" placeholder:"MODULE" help:"Python modules that functions find loaded, such as numpy,torch: they start faster."`
	NoFork             bool          `env:"WHISKAWAY_NO_FORK" help:"Start an interpreter for each Python function instead of forking one that has its modules loaded."`
	Go                 string        `env:"WHISKAWAY_GO" help:"Go command for go:1. [the first of go, /usr/bin/go and /usr/local/go/bin/go that builds can run]"`
	Node               string        `env:"WHISKAWAY_NODE" help:"Node for nodejs. [the first of node, /usr/bin/node and /usr/local/bin/node that functions can run]"`
	NodeModules        string        `env:"WHISKAWAY_NODE_MODULES" help:"Folder of modules that JavaScript functions can require. [where npm install -g puts them]" type:"path"`
	NativeAck          bool          `env:"OW_WAIT_FOR_ACK" help:"Native executables acknowledge their start on descriptor 3."`
	NativeGrace        time.Duration `default:"50ms" env:"WHISKAWAY_NATIVE_GRACE" help:"Without ack: a native executable that exits within it has failed to start."`
	NativeExecutionEnv string        `env:"OW_EXECUTION_ENV" help:"What a native zip's exec.env must hold."`
	Runtime            []string      `env:"WHISKAWAY_RUNTIME" placeholder:"NAME[=FILE]" help:"An ActionLoop runtime, such as java:17=/etc/whiskaway/java.env; FILE has its image's variables: OW_COMPILER, OW_SAVE_JAR, OW_EXECUTION_ENV, OW_WAIT_FOR_ACK and others for its functions. Without FILE they are this process's own."`
	PassEnv            []string      `env:"WHISKAWAY_PASS_ENV" help:"Variables of this process that functions see, such as LD_LIBRARY_PATH."`
	VolatileEnv        []string      `env:"WHISKAWAY_VOLATILE_ENV" help:"More init parameters that change with each activation; the same on the clients."`

	PlainKind string `env:"WHISKAWAY_KIND" help:"Kind of the function of a plain OpenWhisk caller, such as python:3. [found out from its code]"`

	Builds       int           `default:"2" env:"WHISKAWAY_BUILDS" help:"Requirements and programs that are built at the same time."`
	BuildTimeout time.Duration `default:"15m" env:"WHISKAWAY_BUILD_TIMEOUT" help:"Longest build. One that outlasts its init goes on, and the next init attaches."`
	BuildCache   int64         `default:"10737418240" env:"WHISKAWAY_BUILD_CACHE" help:"Bytes of what was built that are kept."`

	AllowSharedUser  bool  `env:"WHISKAWAY_ALLOW_SHARED_USER" help:"Without root all functions run as this server's user and can reach each other's files, memory and processes: allow it also where --token-file has several tenants, or one that may delegate. Only for tenants that trust each other."`
	MaxUnpacked      int64 `default:"536870912" env:"WHISKAWAY_MAX_UNPACKED" help:"Bytes that an action's archive may become."`
	MaxUnpackedFiles int   `default:"200000" env:"WHISKAWAY_MAX_UNPACKED_FILES" help:"Files and folders that an action's archive may have."`

	MaxFiles     uint64 `default:"1024" env:"WHISKAWAY_MAX_FILES" help:"Open files per process of a function."`
	MaxProcesses uint64 `default:"1024" env:"WHISKAWAY_MAX_PROCESSES" help:"Processes and threads per function, where it has a user of its own."`
	MaxFileSize  uint64 `env:"WHISKAWAY_MAX_FILE_SIZE" help:"Bytes of any one file that a function writes. [as many as the disk has]"`

	ShmSize int64    `default:"67108864" env:"WHISKAWAY_SHM_SIZE" help:"Bytes of /dev/shm for each process of a function: memory."`
	Keep    []string `env:"WHISKAWAY_KEEP" placeholder:"PATH" help:"Folders and files in /tmp, /var/tmp or /run/lock that functions see, such as /tmp/nvidia-mps: each process has these folders of its own otherwise."`

	MaxRunBody  int64 `default:"33554432" env:"WHISKAWAY_MAX_RUN_BODY" help:"Bytes of a run's request: its arguments and what stands around them."`
	MaxResult   int   `default:"8388608" env:"WHISKAWAY_MAX_RESULT" help:"Bytes of a run's result. The platform may take less, and plain OpenWhisk callers are given 1 MiB at most."`
	MaxLog      int   `default:"10485760" env:"WHISKAWAY_MAX_LOG" help:"Bytes of a run's or an init's log; what is beyond them is dropped."`
	MaxInitBody int64 `default:"75497472" env:"WHISKAWAY_MAX_INIT_BODY" help:"Bytes of an init's request: code, in base64 where it is an archive, and parameters."`

	Log      string `default:"auto" env:"WHISKAWAY_LOG" help:"Where the server's own log goes: stderr, a file, nowhere if empty, or auto: stderr, but servermode.log in the state folder where stdout and stderr are two pipes and there is no --token-file, because a plain OpenWhisk caller takes stderr for its function's."`
	LogLevel string `default:"info" enum:"debug,info,warn,error" env:"WHISKAWAY_LOG_LEVEL" help:"debug, info, warn or error."`

	LogFormat string `default:"auto" enum:"auto,human,json" env:"WHISKAWAY_LOG_FORMAT" help:"human, json, or auto: for people at a terminal, JSON elsewhere."`
}

func main() {
	f := parseOrExit(os.Args[1:])
	level, err := zap.ParseAtomicLevel(f.LogLevel)
	if err != nil {
		configfile.Exit("servermode", daemon.ExitUsage, err)
	}
	path := f.logPath()
	log, err := daemon.NewLogIn(f.LogFormat, level, path)
	if err != nil {
		configfile.Exit("servermode", daemon.ExitUsage, err)
	}
	cfg := f.config()
	cfg.Log = log
	code := daemon.Run(&reloading{Server: servermode.New(cfg), flags: f, log: log, logPath: path, level: level}, f.Grace, log)
	_ = log.Sync()
	os.Exit(code)
}

func newParser(f *flags) *kong.Kong {
	return configfile.Parser("servermode", "Run OpenWhisk functions for client containers elsewhere.", f)
}

func parseOrExit(args []string) (f flags) {
	configfile.ParseOrExit(newParser(&f), args)
	return f
}

func (f flags) config() servermode.Config {
	cfg := servermode.Config{
		Listen: f.Listen, StateDir: f.StateDir, TokenFile: f.TokenFile, TLSCert: f.TLSCert, TLSKey: f.TLSKey,
		Join: f.Join, JoinTokenFile: f.JoinTokenFile, JoinCA: f.JoinCA, Advertise: f.Advertise, Tunnel: f.Tunnel,
		KeepAlive: f.KeepAlive, Lease: f.Lease, InitTimeout: f.MaxRun, RunTimeout: f.MaxRun, Concurrency: f.Concurrency,
		Instances: f.Instances, MaxInstances: f.MaxInstances, MaxKeepAlive: f.MaxKeepAlive, Slots: f.Slots, Processes: f.Processes, MemoryReserve: f.MemoryReserve,
		Queue: f.Queue, QueueTotal: f.QueueTotal, StopGrace: f.StopGrace, Activations: f.Activations, ResultCache: f.ResultCache, CodeCache: f.CodeCache,
		Python: f.Python, Node: f.Node, NodeModules: f.NodeModules, UV: f.UV, Preload: f.Preload, NoFork: f.NoFork, Go: f.Go, Runtimes: f.Runtime, NativeAck: f.NativeAck, NativeGrace: f.NativeGrace, NativeExecutionEnv: f.NativeExecutionEnv,
		HostPackages: f.HostPackages, MaxUnpacked: f.MaxUnpacked, MaxUnpackedFiles: f.MaxUnpackedFiles,
		SharedMemory: f.ShmSize, Keep: f.Keep,
		PlainKind: f.PlainKind, Builds: f.Builds, BuildTimeout: f.BuildTimeout, BuildCache: f.BuildCache,
		MaxRunBody: f.MaxRunBody, MaxResult: f.MaxResult, MaxLog: f.MaxLog, MaxInitBody: f.MaxInitBody,
		AllowSharedUser: f.AllowSharedUser, PassEnv: f.PassEnv, VolatileEnv: f.VolatileEnv, AdoptOrphans: true,
	}
	cfg.Limits.Files, cfg.Limits.Processes, cfg.Limits.FileSize = f.MaxFiles, f.MaxProcesses, f.MaxFileSize
	return cfg
}
