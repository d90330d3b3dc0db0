package kind

import "time"

// Protocol is how a process gets its runs.
type Protocol int

// Protocols of processes.
const (
	Lines  Protocol = iota // ActionLoop: a line in on stdin, a line out on descriptor 3
	Framed                 // our launchers': several runs at once, logs by run
	Web                    // HTTP on a port given to it
)

// Command is what to start for a function.
type Command struct {
	Path       string
	Args       []string
	Env        []string
	Dir        string // working directory
	WaitForAck bool
	Shielded   bool // see process.Spec
	Grace      time.Duration
	Protocol   Protocol
	Endpoint   Endpoint // of a Web one
	Fork       *Fork    // nil: it cannot be forked
	// Concurrency is how many runs one process takes at once; 0 means one.
	Concurrency int
	// Group, unless 0, is a group that the processes must be in.
	Group uint32
	// Close, unless nil, gives back what the command shares with others. It is
	// called after the last process has ended.
	Close func()
}

// Endpoint says where a Web command is called.
type Endpoint struct {
	Ready string // path that answers 2xx when it is ready; empty: to be connected to is enough
	Run   string // path that runs are posted to
}

// Fork says what a process becomes that has the kind's launcher in memory.
type Fork struct {
	Folder, Main, Venv string
	Apart              bool // the virtual environment hides the host's packages
}
