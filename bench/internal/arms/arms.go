package arms

import (
	"os/exec"
	"slices"
)

// Arm is one way of running a function.
type Arm struct {
	Key   string // in files
	Label string // for tables and charts
	// First is how many runs of a fresh chain count; 0: all.
	First int64

	server    func(r *Rig, at spot) *exec.Cmd          // nil: nothing is remote
	between   func(r *Rig, at spot) (*exec.Cmd, error) // what containers send to, before the server; nil: nothing
	before    bool                                     // the arm runs the binaries of an earlier build
	needs     string                                   // another project's program that the arm needs
	container func(r *Rig, at spot) *exec.Cmd
	main      func(upstream string) string // what the platform's init says; nil: "main"
	python    bool                         // Python actions are source of the kind python:3
	secure    bool                         // the server speaks TLS
	ready     func(c *Chain) error         // called after the first init; may be nil
}

// spot is where a process runs.
type spot struct {
	bins     string // folder of the product's programs
	dir      string // of its own, empty
	listen   string // address
	upstream string // a container's server, or what stands before it: URL
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
	OursTLS      = "whiskaway-tls"
	Before       = "whiskaway-before"
	OursPython   = "whiskaway-python"
	OursExecuted = "whiskaway-executed"
	ServerApache = "openserverless-server" // alone, its only container
	ServerOurs   = "whiskaway-server"
	Balanced     = "whiskaway-balanced"
	BalancedThen = "whiskaway-balanced-before"
	OverNginx    = "whiskaway-nginx"
	OverHAProxy  = "whiskaway-haproxy"
)

var all = []*Arm{
	{Key: Exchange, Label: "one HTTP exchange, no function", container: func(r *Rig, at spot) *exec.Cmd {
		return exec.Command(r.own("floor"), "--listen", at.listen, "exchange")
	}},
	{Key: Floor, Label: "the least a second host can cost", container: func(r *Rig, at spot) *exec.Cmd {
		return exec.Command(r.own("floor"), "--listen", at.listen, "--upstream", at.upstream, "client")
	}, server: func(r *Rig, at spot) *exec.Cmd {
		return exec.Command(r.own("floor"), "--listen", at.listen, "--dir", at.dir, "server")
	}},
	{Key: Direct, Label: "a container, nothing remote", container: func(r *Rig, at spot) *exec.Cmd {
		return exec.Command(r.own("direct"), "--listen", at.listen, "--dir", at.dir)
	}},
	{Key: DirectApache, Label: "Apache's container, nothing remote", container: peer("")},
	{Key: Plain, Label: "servermode as that container", container: func(r *Rig, at spot) *exec.Cmd {
		return exec.Command(at.program("servermode"), append(serverArgs(at), "--plain-kind", at.kind)...)
	}},
	{Key: Shipped, Label: "OpenServerless, as shipped", First: 300, container: peer("OW_ACTIVATE_PROXY_CLIENT=1"), server: peer("OW_ACTIVATE_PROXY_SERVER=1"), main: atServer},
	{Key: Best, Label: "OpenServerless, at its best", container: peer("OW_ACTIVATE_PROXY_CLIENT=1"), server: inMemory(peer("OW_ACTIVATE_PROXY_SERVER=1")), main: atServer, ready: appendLogs},
	{Key: Ours, Label: "Whiskaway", container: client, server: server},
	{Key: OursTLS, Label: "Whiskaway, TLS", secure: true, container: client, server: func(r *Rig, at spot) *exec.Cmd {
		cmd := server(r, at)
		cmd.Args = append(cmd.Args, "--tls-cert", r.cert, "--tls-key", r.key)
		return cmd
	}},
	{Key: Before, Label: "Whiskaway, an earlier build", container: client, server: server, before: true},
	{Key: OursPython, Label: "Whiskaway, python:3", container: client, server: server, python: true},
	{Key: OursExecuted, Label: "Whiskaway, python:3, not forked", container: client, server: func(r *Rig, at spot) *exec.Cmd {
		cmd := server(r, at)
		cmd.Args = append(cmd.Args, "--no-fork")
		return cmd
	}, python: true},
	{Key: Balanced, Label: "Whiskaway's balancer", container: client, between: balancer, server: server},
	{Key: BalancedThen, Label: "Whiskaway's balancer, an earlier build", container: client, between: balancer, server: server, before: true},
	{Key: OverNginx, Label: "nginx", container: client, between: nginx, server: server, needs: "nginx"},
	{Key: OverHAProxy, Label: "HAProxy", container: client, between: haproxy, server: server, needs: "haproxy"},
	{Key: ServerApache, Label: "OpenServerless", container: peer("OW_ACTIVATE_PROXY_SERVER=1")},
	{Key: ServerOurs, Label: "Whiskaway", container: func(r *Rig, at spot) *exec.Cmd {
		return exec.Command(at.program("servermode"), serverArgs(at)...)
	}},
}

// Arms returns the given arms whose needs the rig has, in the order of the
// tables.
func (r *Rig) Arms(keys ...string) (out []*Arm) {
	for _, a := range all {
		theirs := slices.Contains([]string{DirectApache, Shipped, Best, ServerApache}, a.Key)
		if slices.Contains(keys, a.Key) && (r.Peer != "" || !theirs) && (r.Before != "" || !a.before) && installed(a.needs) {
			out = append(out, a)
		}
	}
	return out
}

func installed(program string) bool {
	if program == "" {
		return true
	}
	_, err := exec.LookPath(program)
	return err == nil
}

// Remote reports whether its functions run on another host than its containers.
func (a *Arm) Remote() bool { return a.server != nil }

// Label returns an arm's name for tables and charts.
func Label(key string) string {
	for _, a := range all {
		if a.Key == key {
			return a.Label
		}
	}
	return key
}
