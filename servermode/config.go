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
	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
	"github.com/whiskaway/whiskaway/servermode/internal/host"
	"github.com/whiskaway/whiskaway/servermode/internal/launch"
	"github.com/whiskaway/whiskaway/servermode/internal/membership"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// Config is everything an owner can set. The zero value of a field means its
// default, given in brackets.
type Config struct {
	Listen    string // address [127.0.0.1:9000]
	TokenFile string // bearer tokens; without one only loopback may be listened on
	TLSCert   string // certificate file, PEM; empty: plain HTTP
	TLSKey    string // its key file
	StateDir  string // the server's own folder; see DefaultStateDir

	Join          []string // URLs of balancers that the server tells that it is here
	JoinTokenFile string   // its first token is sent to them
	JoinCA        string   // certificates, PEM, by which they are trusted [the host's]
	Advertise     string   // URL at which they reach the server [the address listened on]
	Tunnel        bool     // they cannot: work comes over connections that the server makes

	Python             string        // interpreter for python:3 [the first usable of python3, /usr/bin/python3]
	UV                 string        // uv, which installs requirements; "none": pip does [the first usable of uv, /usr/bin/uv, /usr/local/bin/uv, else pip]
	HostPackages       bool          // what the interpreter has satisfies requirements; else all of them are installed
	Preload            []string      // modules that Python functions find loaded, beyond the usual ones
	NoFork             bool          // start an interpreter for each Python function
	Go                 string        // go command for go:1 [the first usable of go, /usr/bin/go, /usr/local/go/bin/go]
	Node               string        // node for nodejs [the first usable of node, /usr/bin/node, /usr/local/bin/node]
	NodeModules        string        // folder of modules that JavaScript functions can require [where npm install -g puts them]
	NativeAck          bool          // native executables acknowledge their start
	NativeGrace        time.Duration // without ack: an exit within it is a failed start [50ms]
	NativeExecutionEnv string        // what a native zip's exec.env must hold; empty: not checked
	Runtimes           []string      // ActionLoop runtimes of the platform: NAME=FILE with OW_COMPILER and the like, or NAME with this process's own
	PassEnv            []string      // variables of the server that functions see, beside PATH, LANG, LC_ALL and TZ
	VolatileEnv        []string      // more env keys that change with each activation; the same on the clients

	KeepAlive   time.Duration // how long an idle process is kept [10m]
	Lease       time.Duration // how long a function is kept without runs [30m]
	InitTimeout time.Duration // longest init [5m]
	RunTimeout  time.Duration // longest run, and the one when a caller names none [5m]
	Concurrency int           // runs at once in a process, where its action and kind allow it [200]

	Instances     int           // processes per function, unless its author says WHISKAWAY_MAX_INSTANCES; with WHISKAWAY_GPU it is 1 [CPUs, at least 8]
	MaxInstances  int           // the most that an author may say [64]
	MaxKeepAlive  time.Duration // the longest WHISKAWAY_KEEP_ALIVE that an author may say; 0: forever
	Processes     int           // of all functions [1024]
	Starts        int           // processes started at the same time [2 × CPUs]
	GrowAfter     time.Duration // how long the first in a queue waits before one more process is started [10ms]
	Queue         int           // runs that wait, per function [50]
	QueueTotal    int           // runs that wait in all; one tenant gets at most half [1000]
	Slots         int           // runs that the host executes at once, as balancers are told [CPUs]
	MemoryReserve int64         // bytes that functions leave free on the host [a twentieth, at least 64 MiB]
	Activations   int           // activations remembered until after their deadlines [1048576]
	ResultCache   int64         // bytes of their results that are kept [64 MiB]
	StopGrace     time.Duration // how long a run that is ended may take to end itself [200ms]

	MaxUnpacked      int64 // bytes of an action's archive, unpacked [512 MiB]
	MaxUnpackedFiles int   // files and folders in it [200000]

	MaxInitBody  int64 // bytes [72 MiB: 48 MiB of code, escaped]
	MaxRunBody   int64 // bytes [32 MiB]
	MaxResult    int   // bytes [8 MiB]; callers without our headers get the platform's 1 MiB at most
	MaxLog       int   // bytes of logs per activation [10 MiB]
	CodeCache    int64 // bytes of code kept on disk [4 GiB]
	BuildCache   int64 // bytes of environments and programs built for functions, kept on disk [10 GiB]
	UploadBudget int64 // bytes of init bodies held in memory at once [256 MiB]

	Builds       int           // how many are built at the same time [2]
	BuildTimeout time.Duration // longest build; one goes on when its init has timed out [15m]

	PlainKind string    // kind of plain callers' functions; empty: sniffed
	Environ   []string  // whose __OW_* variables they get, and whether they may run at once [os.Environ()]
	Stdout    io.Writer // takes their logs [os.Stdout]
	Stderr    io.Writer // [os.Stderr]

	SharedMemory int64    // bytes of /dev/shm for each process [64 MiB]
	Keep         []string // folders and files in /tmp, /var/tmp or /run/lock that functions see although each process has its own

	Limits sandbox.Limits // rlimits of functions [sandbox.DefaultLimits]
	// AdoptOrphans makes the process the reaper of its descendants: only for a
	// program that starts no other children.
	AdoptOrphans bool
	SharedUser   bool // run functions as the server's own user, although it could do better; never as root
	// AllowSharedUser lets functions of several tenants run as one user, where the
	// server cannot give each its own: it is not root.
	AllowSharedUser bool
	Log             *zap.Logger
}

// DefaultStateDir is /var/lib/whiskaway for root and a folder in the user's home
// for any other user.
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
	set(&c.Listen, "127.0.0.1:9000")
	set(&c.StateDir, DefaultStateDir())
	set(&c.KeepAlive, 10*time.Minute)
	set(&c.Lease, 30*time.Minute)
	set(&c.InitTimeout, 5*time.Minute)
	set(&c.RunTimeout, 5*time.Minute)
	set(&c.MaxInstances, max(64, c.Instances))
	set(&c.Instances, min(max(leastInstances, slots()), c.MaxInstances))
	set(&c.Processes, 1024)
	set(&c.Slots, slots())
	set(&c.Starts, 2*slots())
	set(&c.GrowAfter, 10*time.Millisecond)
	set(&c.Concurrency, 200)
	set(&c.Queue, 50)
	set(&c.QueueTotal, 1000)
	set(&c.Activations, 1<<20)
	set(&c.ResultCache, 64<<20)
	set(&c.StopGrace, 200*time.Millisecond)
	set(&c.MaxUnpacked, artifact.DefaultLimits.Bytes)
	set(&c.MaxUnpackedFiles, artifact.DefaultLimits.Files)
	set(&c.MaxInitBody, 72<<20)
	set(&c.MaxRunBody, 32<<20)
	set(&c.MaxResult, 8<<20)
	set(&c.MaxLog, 10<<20)
	set(&c.CodeCache, 4<<30)
	set(&c.UploadBudget, 256<<20)
	set(&c.BuildCache, 10<<30)
	set(&c.Builds, 2)
	set(&c.BuildTimeout, 15*time.Minute)
	set(&c.Limits, sandbox.DefaultLimits)
	set(&c.SharedMemory, sandbox.DefaultSharedMemory)
	if c.Environ == nil {
		c.Environ = os.Environ()
	}
	if c.Stdout == nil {
		c.Stdout = os.Stdout
	}
	if c.Stderr == nil {
		c.Stderr = os.Stderr
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	return c
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate returns an error that says what is wrong and what to do about it.
func (c Config) validate() error {
	switch {
	case c.StateDir == "":
		return fmt.Errorf("%w: no folder to keep state in; set --state-dir", daemon.ErrConfig)
	case !daemon.Loopback(c.Listen) && c.TokenFile == "":
		return fmt.Errorf("%w: listening on %s lets others run code here; set --token-file, or listen on 127.0.0.1", daemon.ErrConfig, c.Listen)
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return fmt.Errorf("%w: --tls-cert and --tls-key go together", daemon.ErrConfig)
	case c.SharedUser && os.Getuid() == 0:
		return fmt.Errorf("%w: --shared-user would run functions as root; start the server as another user", daemon.ErrConfig)
	}
	if err := c.membership().Check(c.Listen, c.TokenFile != ""); err != nil {
		return err
	}
	return c.bounds()
}

// membership returns the settings for joining balancers.
func (c Config) membership() membership.Config {
	return membership.Config{Balancers: c.Join, TokenFile: c.JoinTokenFile, CAFile: c.JoinCA, Advertise: c.Advertise, Tunnel: c.Tunnel}
}

// bounds checks the numbers; by now each 0 has become its default.
func (c Config) bounds() error {
	for _, d := range []struct {
		flag  string
		value time.Duration
	}{
		{"keep-alive", c.KeepAlive}, {"lease", c.Lease}, {"max-run", min(c.InitTimeout, c.RunTimeout)},
		{"native-grace", c.NativeGrace}, {"build-timeout", c.BuildTimeout},
		{"max-keep-alive", c.MaxKeepAlive}, {"grow-after", c.GrowAfter}, {"stop-grace", c.StopGrace},
	} {
		if d.value < 0 {
			return fmt.Errorf("%w: --%s must be a time above 0, not %v", daemon.ErrConfig, d.flag, d.value)
		}
	}
	for _, n := range []struct {
		flag  string
		value int64
	}{
		{"instances", int64(c.Instances)}, {"concurrency", int64(c.Concurrency)}, {"queue", int64(c.Queue)},
		{"builds", int64(c.Builds)}, {"build-cache", c.BuildCache}, {"code-cache", c.CodeCache},
		{"max-instances", int64(c.MaxInstances)}, {"processes", int64(c.Processes)}, {"starts", int64(c.Starts)}, {"slots", int64(c.Slots)},
		{"queue-total", int64(c.QueueTotal)}, {"memory-reserve", c.MemoryReserve},
		{"activations", int64(c.Activations)}, {"result-cache", c.ResultCache},
		{"max-init-body", c.MaxInitBody}, {"max-run-body", c.MaxRunBody}, {"max-result", int64(c.MaxResult)}, {"max-log", int64(c.MaxLog)},
		{"max-unpacked", c.MaxUnpacked}, {"max-unpacked-files", int64(c.MaxUnpackedFiles)},
	} {
		if n.value < 0 {
			return fmt.Errorf("%w: --%s must be above 0, not %d", daemon.ErrConfig, n.flag, n.value)
		}
	}
	if c.Instances > c.MaxInstances {
		return fmt.Errorf("%w: --instances %d is more than --max-instances %d", daemon.ErrConfig, c.Instances, c.MaxInstances)
	}
	return launch.CheckPreload(c.Preload, c.NoFork)
}

// leastInstances is how many processes a function may have on the smallest host:
// runs mostly wait for something else than a CPU. Memory bounds them all.
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
