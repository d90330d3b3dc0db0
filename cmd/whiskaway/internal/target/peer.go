package target

// peer describes what a command expects at an address, for its errors.
type peer struct {
	What  string
	Flag  string // names its address
	Usual string // its address unless told otherwise
	start string // what to start where nothing listens
}

// The peers of the commands.
var (
	Server   = peer{"a Whiskaway server", "--server", DefaultServer, "a server (servermode)"}
	Balancer = peer{"a Whiskaway balancer", "--server", DefaultBalancer, "a balancer (loadbalancer)"}
	Runtime  = peer{"an OpenWhisk runtime", "--runtime", DefaultRuntime, "a runtime container"}
)
