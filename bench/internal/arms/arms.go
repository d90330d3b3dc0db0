package arms

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/whiskaway/whiskaway/bench/internal/proc"
)

// Arm is one way of running a function.
type Arm struct {
	Key   string // in files
	Label string // for people
	// First is how many runs of a fresh chain count; 0: all.
	First int64

	server    func(r *Rig, at spot) *exec.Cmd // nil: nothing is remote
	container func(r *Rig, at spot) *exec.Cmd
	main      func(upstream string) string // what the platform's init says; nil: "main"
	python    bool                         // Python actions are source of the kind python:3
	ready     func(c *Chain) error         // what is done after the first init; may be nil
}

// spot is where a process runs.
type spot struct {
	dir      string // of its own, empty
	listen   string // address
	upstream string // a container's server: URL
	kind     string // a container's function's
	env      []string
}

// Keys of the arms.
const (
	Exchange     = "exchange"
	Floor        = "floor"
	Direct       = "direct"
	DirectApache = "direct-apache"
	Plain        = "plain"
	Shipped      = "openserverless-shipped"
	Best         = "openserverless-best"
	Ours         = "whiskaway"
	OursPython   = "whiskaway-python"
	OursExecuted = "whiskaway-executed"
	ServerApache = "openserverless-server" // alone, its only container
	ServerOurs   = "whiskaway-server"
)

var all = []*Arm{
	{Key: Exchange, Label: "one HTTP exchange", container: func(r *Rig, at spot) *exec.Cmd {
		return exec.Command(r.own("floor"), "--listen", at.listen, "exchange")
	}},
	{Key: Floor, Label: "floor", container: func(r *Rig, at spot) *exec.Cmd {
		return exec.Command(r.own("floor"), "--listen", at.listen, "--upstream", at.upstream, "client")
	}, server: func(r *Rig, at spot) *exec.Cmd {
		return exec.Command(r.own("floor"), "--listen", at.listen, "--dir", at.dir, "server")
	}},
	{Key: Direct, Label: "direct", container: func(r *Rig, at spot) *exec.Cmd {
		return exec.Command(r.own("direct"), "--listen", at.listen, "--dir", at.dir)
	}},
	{Key: DirectApache, Label: "direct, Apache's", container: peer("")},
	{Key: Plain, Label: "direct, servermode", container: func(r *Rig, at spot) *exec.Cmd {
		return exec.Command(filepath.Join(r.Bins, "servermode"), append(serverArgs(at), "--plain-kind", at.kind)...)
	}},
	{Key: Shipped, Label: "OpenServerless, as shipped", First: 300, container: peer("OW_ACTIVATE_PROXY_CLIENT=1"), server: peer("OW_ACTIVATE_PROXY_SERVER=1"), main: atServer},
	{Key: Best, Label: "OpenServerless, at its best", container: peer("OW_ACTIVATE_PROXY_CLIENT=1"), server: inMemory(peer("OW_ACTIVATE_PROXY_SERVER=1")), main: atServer, ready: appendLogs},
	{Key: Ours, Label: "Whiskaway", container: client, server: server},
	{Key: OursPython, Label: "Whiskaway, python:3", container: client, server: server, python: true},
	{Key: OursExecuted, Label: "Whiskaway, python:3, not forked", container: client, server: func(r *Rig, at spot) *exec.Cmd {
		cmd := server(r, at)
		cmd.Args = append(cmd.Args, "--no-fork")
		return cmd
	}, python: true},
	{Key: ServerApache, Label: "OpenServerless", container: peer("OW_ACTIVATE_PROXY_SERVER=1")},
	{Key: ServerOurs, Label: "Whiskaway", container: func(r *Rig, at spot) *exec.Cmd {
		return exec.Command(filepath.Join(r.Bins, "servermode"), serverArgs(at)...)
	}},
}

// Arms are those of the keys that the rig has what is needed for, in the order
// in which tables show them.
func (r *Rig) Arms(keys ...string) (out []*Arm) {
	for _, a := range all {
		theirs := slices.Contains([]string{DirectApache, Shipped, Best, ServerApache}, a.Key)
		if slices.Contains(keys, a.Key) && (r.Peer != "" || !theirs) {
			out = append(out, a)
		}
	}
	return out
}

// Remote reports whether its functions run on another host than its containers.
func (a *Arm) Remote() bool { return a.server != nil }

// Label is an arm's for people.
func Label(key string) string {
	for _, a := range all {
		if a.Key == key {
			return a.Label
		}
	}
	return key
}

func client(r *Rig, at spot) *exec.Cmd {
	return exec.Command(filepath.Join(r.Bins, "clientmode"), "--listen", at.listen, "--upstream", at.upstream, "--kind", at.kind,
		"--token-file", r.token, "--spool-dir", at.dir)
}

func server(r *Rig, at spot) *exec.Cmd {
	return exec.Command(filepath.Join(r.Bins, "servermode"), append(serverArgs(at), "--token-file", r.token)...)
}

// serverArgs has more runs wait than any figure has callers: OpenServerless'
// callers wait without limit.
func serverArgs(at spot) []string {
	return []string{"--listen", at.listen, "--state-dir", filepath.Join(at.dir, "state"), "--native-ack", "--queue", "256", "--log", "", "--log-level", "error"}
}

// peer is OpenServerless' proxy; without a mode it is a classic container.
func peer(mode string) func(*Rig, spot) *exec.Cmd {
	return func(r *Rig, at spot) *exec.Cmd {
		cmd := exec.Command(r.Peer) // it listens on port 8080 everywhere
		cmd.Dir, cmd.Env = at.dir, []string{"OW_WAIT_FOR_ACK=1", "TMPDIR=" + at.dir}
		if mode != "" {
			cmd.Env = append(cmd.Env, mode)
		}
		return cmd
	}
}

// atServer is how OpenServerless' client is told where its server is.
func atServer(upstream string) string { return "main@" + upstream }

// inMemory has a command keep its temporary files, among them the functions'
// logs, in memory.
func inMemory(command func(*Rig, spot) *exec.Cmd) func(*Rig, spot) *exec.Cmd {
	return func(r *Rig, at spot) *exec.Cmd {
		cmd := command(r, at)
		cmd.Env = append(cmd.Env, "TMPDIR="+r.memory) // the last one counts
		return cmd
	}
}

// appendLogs takes away what makes OpenServerless' server slower with every run:
// it truncates logs that are not appended to, so that they grow by what was
// cut off.
func appendLogs(c *Chain) error {
	n, err := proc.Append(c.server.pid(), "out-log", "err-log")
	if err == nil && n < 2 {
		err = fmt.Errorf("found %d of its two log files", n)
	}
	return err
}
