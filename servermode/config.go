package servermode

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/internal/settings"
	"github.com/whiskaway/whiskaway/servermode/internal/host"
	"github.com/whiskaway/whiskaway/servermode/internal/launch"
	"github.com/whiskaway/whiskaway/servermode/internal/membership"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// Config is everything an operator can set. The zero value of a field means its
// default, which its tag names; docs/settings.md lists them all.
type Config struct {
	Listen    string `flag:"listen" group:"Serving" default:"127.0.0.1:9000" holder:"ADDRESS" help:"Address to serve on. More than loopback needs --token-file."`
	TokenFile string `flag:"token-file" type:"file" reload:"live" help:"Bearer tokens, one a line: token, tenant, and 'delegate' if it may act for others."`
	TLSCert   string `flag:"tls-cert" type:"file" reload:"toggle" help:"Certificate, PEM; serves HTTPS."`
	TLSKey    string `flag:"tls-key" type:"file" reload:"toggle" help:"Its private key, PEM."`
	StateDir  string `flag:"state-dir" type:"folder" unset:"/var/lib/whiskaway as root" help:"Folder for code and running functions."` // see DefaultStateDir
	PlainKind string `flag:"plain-kind" env:"WHISKAWAY_KIND" holder:"KIND" unset:"found out from its code" reload:"live" help:"Kind of the function of a plain OpenWhisk caller, such as python:3."`

	Join          []string `flag:"join" group:"Balancers that the server joins" holder:"URL,..." help:"Balancers to which this server announces itself: their --server need not name it."`
	JoinTokenFile string   `flag:"join-token-file" type:"file" help:"File whose first token is sent to those balancers."`
	JoinCA        string   `flag:"join-ca" type:"file" unset:"the host's" help:"Certificates, PEM, by which those balancers are trusted."`
	Advertise     string   `flag:"advertise" holder:"URL" unset:"--listen, if that is one address" help:"Where balancers reach this server."`
	Tunnel        bool     `flag:"tunnel" help:"Work comes over a connection that this server makes to each balancer: for a server that balancers cannot reach, behind NAT say."`

	KeepAlive    time.Duration `flag:"keep-alive" group:"Processes of functions" default:"10m" reload:"live" help:"How long an idle process is kept."`
	MaxKeepAlive time.Duration `flag:"max-keep-alive" unset:"forever" reload:"live" help:"The longest WHISKAWAY_KEEP_ALIVE that an author may say."`
	Lease        time.Duration `flag:"lease" default:"30m" reload:"live" help:"How long a function is kept without runs."`
	Instances    int           `flag:"instances" unset:"CPUs, at least 8" reload:"live" help:"Processes per function whose author does not say WHISKAWAY_MAX_INSTANCES; with WHISKAWAY_GPU it is 1. They are started when runs wait, while memory stays above --memory-reserve."`
	MaxInstances int           `flag:"max-instances" default:"64" reload:"live" help:"The most WHISKAWAY_MAX_INSTANCES that an author may say."`
	Processes    int           `flag:"processes" default:"1024" reload:"live" help:"Processes of all functions. Beyond it idle ones make room, those idle for longest first."`
	Starts       int           `flag:"starts" unset:"twice the CPUs" reload:"live" help:"Processes that are started at the same time."`
	GrowAfter    time.Duration `flag:"grow-after" default:"10ms" reload:"live" help:"How long the first run in a function's queue waits before one more process is started."`

	InitTimeout time.Duration `flag:"max-run" group:"Runs" default:"5m" reload:"live" help:"Longest run, and longest init."`
	RunTimeout  time.Duration `flag:"max-run"` // also the time of a run whose caller names none
	StopGrace   time.Duration `flag:"stop-grace" default:"200ms" reload:"live" help:"How long a function may take to end itself (SIGTERM) when its run is cancelled or overdue; then it is killed."`
	Concurrency int           `flag:"concurrency" default:"200" help:"Runs at once in one process of a function that says __OW_ALLOW_CONCURRENT=true, where its kind can."`
	Slots       int           `flag:"slots" unset:"CPUs" help:"Runs that this host executes at once, as balancers are told: more where functions wait for other things than a CPU."`
	Queue       int           `flag:"queue" default:"50" reload:"live" help:"Runs that may wait, per function."`
	QueueTotal  int           `flag:"queue-total" default:"1000" reload:"live" help:"Runs that may wait in all; one tenant gets at most half."`
	Activations int           `flag:"activations" default:"1048576" reload:"live" help:"Activations that are remembered until after their deadlines, so that none runs twice. With more, new ones are refused."`
	MaxRunBody  int64         `flag:"max-run-body" default:"32MiB" unit:"bytes" help:"Bytes of a run's request: its arguments and what stands around them."`
	MaxResult   int           `flag:"max-result" default:"8MiB" unit:"bytes" help:"Bytes of a run's result. The platform may take less, and plain OpenWhisk callers are given 1 MiB at most."`
	MaxLog      int           `flag:"max-log" default:"10MiB" unit:"bytes" help:"Bytes of a run's or an init's log; what is beyond them is dropped."`
	MaxInitBody int64         `flag:"max-init-body" default:"72MiB" unit:"bytes" help:"Bytes of an init's request: code, in base64 where it is an archive, and parameters."` // 48 MiB of code

	MemoryReserve int64 `flag:"memory-reserve" group:"Memory and disk" unset:"a twentieth of all, at least 64 MiB" unit:"bytes" reload:"live" help:"Bytes of memory that functions leave free: below it idle processes end, and none is started."`
	UploadBudget  int64 `flag:"upload-budget" default:"256MiB" unit:"bytes" help:"Bytes of memory for the requests of inits, together."`
	ResultCache   int64 `flag:"result-cache" default:"64MiB" unit:"bytes" reload:"live" help:"Bytes of memory for results that are kept for callers that lost the answer."`
	CodeCache     int64 `flag:"code-cache" default:"4GiB" unit:"bytes" reload:"live" help:"Bytes of functions' code that are kept on disk."`
	BuildCache    int64 `flag:"build-cache" default:"10GiB" unit:"bytes" reload:"live" help:"Bytes of what was built that are kept on disk."`

	Python             string        `flag:"python" group:"Kinds" holder:"PROGRAM" unset:"the first of python3 and /usr/bin/python3 that functions can run" help:"Interpreter for python:3."`
	UV                 string        `flag:"uv" holder:"PROGRAM" unset:"the first of uv, /usr/bin/uv and /usr/local/bin/uv, else pip" help:"uv, which installs Python requirements faster than pip; 'none' for pip."`
	HostPackages       bool          `flag:"host-packages" help:"Packages that the interpreter has satisfy requirements, and only what they lack is installed, by pip: for a host that reaches no package index. A function may then run otherwise than on another host."`
	Preload            []string      `flag:"preload" holder:"MODULE,..." help:"Python modules that are imported before functions start, such as numpy,torch: they start faster."`
	NoFork             bool          `flag:"no-fork" help:"Start an interpreter for each Python function instead of forking one that has its modules imported."`
	Go                 string        `flag:"go" holder:"PROGRAM" unset:"the first of go, /usr/bin/go and /usr/local/go/bin/go that builds can run" help:"Go command for go:1."`
	Node               string        `flag:"node" holder:"PROGRAM" unset:"the first of node, /usr/bin/node and /usr/local/bin/node that functions can run" help:"Node for nodejs."`
	NodeModules        string        `flag:"node-modules" type:"folder" unset:"where npm install -g puts them" help:"Folder of modules that JavaScript functions can require."`
	NativeAck          bool          `flag:"native-ack" env:"OW_WAIT_FOR_ACK" help:"Native executables acknowledge their start on descriptor 3."`
	NativeGrace        time.Duration `flag:"native-grace" default:"50ms" help:"Without ack: a native executable that exits within it has failed to start."`
	NativeExecutionEnv string        `flag:"native-execution-env" env:"OW_EXECUTION_ENV" help:"What a native zip's exec.env must hold."`
	Runtimes           []string      `flag:"runtime" holder:"NAME[=FILE]" help:"An ActionLoop runtime, such as java:17=/etc/whiskaway/java.env; FILE has its image's variables: OW_COMPILER, OW_SAVE_JAR, OW_EXECUTION_ENV, OW_WAIT_FOR_ACK and others for its functions. Without FILE they are this process's own."`
	PassEnv            []string      `flag:"pass-env" help:"Variables of this process that functions see, such as LD_LIBRARY_PATH, beside PATH, LANG, LC_ALL and TZ."`
	VolatileEnv        []string      `flag:"volatile-env" help:"More init parameters that change with each activation; the same on the clients."`

	Builds           int           `flag:"builds" group:"Builds and archives" default:"2" help:"Requirements and programs that are built at the same time."`
	BuildTimeout     time.Duration `flag:"build-timeout" default:"15m" help:"Longest build. One that outlasts its init goes on, and the next init attaches."`
	MaxUnpacked      int64         `flag:"max-unpacked" default:"512MiB" unit:"bytes" help:"Bytes that an action's archive may become."`
	MaxUnpackedFiles int           `flag:"max-unpacked-files" default:"200000" help:"Files and folders that an action's archive may have."`

	Limits       Limits
	SharedMemory int64    `flag:"shm-size" default:"64MiB" unit:"bytes" help:"Bytes of /dev/shm for each process of a function: memory."`
	Keep         []string `flag:"keep" holder:"PATH,..." help:"Folders and files in /tmp, /var/tmp or /run/lock that functions see, such as /tmp/nvidia-mps: each process has these folders of its own otherwise."`
	// AllowSharedUser lets functions of several tenants run as one user, where the
	// server cannot give each its own: it is not root.
	AllowSharedUser bool `flag:"allow-shared-user" help:"Without root all functions run as this server's user and can reach each other's files, memory and processes: allow it also where --token-file has several tenants, or one that may delegate. Only for tenants that trust each other."`

	Environ []string  // whose __OW_* variables plain callers' functions get [os.Environ()]
	Stdout  io.Writer // takes plain callers' logs [os.Stdout]
	Stderr  io.Writer // [os.Stderr]
	Log     *zap.Logger
	// AdoptOrphans makes the process the reaper of its descendants: only for a
	// program that starts no other children.
	AdoptOrphans bool
}

// Limits are the rlimits of a function's processes. There is no limit of the address
// space: CUDA reserves it by the terabyte.
type Limits struct {
	Files     int64 `flag:"max-files" group:"Limits of functions" default:"1024" zero:"-1" help:"Open files per process of a function. 0: as the server may have."`
	Processes int64 `flag:"max-processes" default:"1024" zero:"-1" help:"Processes and threads per function, where it has a user of its own. 0: as the server may have."`
	FileSize  int64 `flag:"max-file-size" unit:"bytes" unset:"as many as the disk has" help:"Bytes of any one file that a function writes."`
}

// rlimits are the limits as the kernel is told them; 0 leaves one as it is.
func (l Limits) rlimits() sandbox.Limits {
	return sandbox.Limits{Files: uint64(max(0, l.Files)), Processes: uint64(max(0, l.Processes)), FileSize: uint64(l.FileSize)}
}

// ErrConfig is wrapped by the errors of Start and Reload that only a change of the
// configuration mends.
var ErrConfig = daemon.ErrConfig

// DefaultStateDir is /var/lib/whiskaway for root and a folder in the home of any
// other user.
func DefaultStateDir() string {
	if os.Getuid() == 0 {
		return "/var/lib/whiskaway"
	}
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "whiskaway")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".local", "state", "whiskaway")
}

func (c Config) withDefaults() Config {
	if c.MaxInstances == 0 && c.Instances > 0 {
		c.MaxInstances = max(64, c.Instances)
	}
	settings.Fill(&c)
	c.StateDir = cmp.Or(c.StateDir, DefaultStateDir())
	c.Instances = cmp.Or(c.Instances, min(max(leastInstances, slots()), c.MaxInstances))
	c.Slots = cmp.Or(c.Slots, slots())
	c.Starts = cmp.Or(c.Starts, 2*slots())
	if c.Environ == nil {
		c.Environ = os.Environ()
	}
	c.Stdout = cmp.Or[io.Writer](c.Stdout, os.Stdout)
	c.Stderr = cmp.Or[io.Writer](c.Stderr, os.Stderr)
	c.Log = cmp.Or(c.Log, zap.NewNop())
	return c
}

// validate says what is wrong and what to do about it.
func (c Config) validate() error {
	switch {
	case c.StateDir == "":
		return fmt.Errorf("%w: no folder to keep state in; set --state-dir", daemon.ErrConfig)
	case !daemon.Loopback(c.Listen) && c.TokenFile == "":
		return fmt.Errorf("%w: listening on %s lets others run code here; set --token-file, or listen on 127.0.0.1", daemon.ErrConfig, c.Listen)
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return fmt.Errorf("%w: --tls-cert and --tls-key go together", daemon.ErrConfig)
	case c.Instances > c.MaxInstances:
		return fmt.Errorf("%w: --instances %d is more than --max-instances %d", daemon.ErrConfig, c.Instances, c.MaxInstances)
	}
	return cmp.Or(settings.Check(&c), c.membership().Check(c.Listen, c.TokenFile != ""), launch.CheckPreload(c.Preload, c.NoFork))
}

// membership returns the settings for joining balancers.
func (c Config) membership() membership.Config {
	return membership.Config{Balancers: c.Join, TokenFile: c.JoinTokenFile, CAFile: c.JoinCA, Advertise: c.Advertise, Tunnel: c.Tunnel}
}

// leastInstances is how many processes a function may have on the smallest host:
// runs mostly wait for other things than a CPU. Memory bounds all processes
// together.
const leastInstances = 8

// slots is how many runs that use a CPU the host can execute at once.
func slots() int { return runtime.GOMAXPROCS(0) }

// LogFile returns the file for the server's own log in a state folder, and makes
// the folder. It is for a server whose streams are its functions': the platform would
// take what the server wrote there for a function's. False: the folder cannot be
// used, and Start will say why.
func LogFile(stateDir string) (path string, ok bool) {
	return host.LogFile(cmp.Or(stateDir, DefaultStateDir()))
}
