package target

// peer is what a command speaks to, as its errors call it.
type peer struct {
	What  string
	Flag  string // names its address
	Usual string // its address unless told otherwise
	start string // what to start where nothing listens
}

var (
	Server   = peer{"a Whiskaway server", "--server", DefaultServer, "a server (servermode)"}
	Balancer = peer{"a Whiskaway balancer", "--server", DefaultBalancer, "a balancer (loadbalancer)"}
	Runtime  = peer{"an OpenWhisk runtime", "--runtime", DefaultRuntime, "a runtime container"}
)
