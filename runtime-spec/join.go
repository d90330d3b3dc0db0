package runtimespec

// Paths by which a server joins a balancer. Only balancers serve them.
const (
	PathJoin   = "/join"   // POST, a Registration; the answer is a Membership
	PathTunnel = "/tunnel" // GET with Upgrade: UpgradeTunnel
)

// UpgradeTunnel is the protocol that carries work over a connection that the
// server has made: yamux, in which the balancer opens a stream for each
// HTTP/1.1 connection that it would otherwise have dialled.
const UpgradeTunnel = "whiskaway-tunnel"

// TunnelServer is the header of a tunnel's request that names the incarnation
// of the server that dials.
const TunnelServer = "Whiskaway-Incarnation"

// Registration is what a server tells a balancer about itself.
type Registration struct {
	Name        string `json:"name,omitempty"`     // unchanged by a restart; empty: the URL
	URL         string `json:"url,omitempty"`      // of the server; empty with Tunnel
	Incarnation string `json:"incarnation"`        // UUID, new at each start
	Tunnel      bool   `json:"tunnel,omitempty"`   // the server cannot be dialled, and dials the balancer
	Draining    bool   `json:"draining,omitempty"` // the server takes no new work
	Leaving     bool   `json:"leaving,omitempty"`  // the server's lease ends now
}

// Membership is a balancer's answer to a Registration.
type Membership struct {
	IntervalMS int64 `json:"interval_ms"` // between two registrations; after three times as long without one the server's lease ends
}
