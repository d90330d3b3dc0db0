package main

// peer is what a command speaks to, as its errors call it.
type peer struct {
	what  string
	flag  string // names its address
	usual string // its address unless told otherwise
	start string // what to start where nothing listens
}

var (
	aServer   = peer{"a Whiskaway server", "--server", defaultServer, "a server (servermode)"}
	aBalancer = peer{"a Whiskaway balancer", "--server", defaultBalancer, "a balancer (loadbalancer)"}
	aRuntime  = peer{"an OpenWhisk runtime", "--runtime", defaultRuntime, "a runtime container"}
)
