package runtimespec

// How a server tells a balancer that it is there. Balancers alone have these.
const (
	PathJoin   = "/join"   // POST, a Registration; the answer is a Membership
	PathTunnel = "/tunnel" // GET with Upgrade: UpgradeTunnel
)

// UpgradeTunnel is the protocol that work comes by over a connection that the
// server has made: yamux, in which the balancer opens a stream for each
// connection of HTTP/1.1 that it would otherwise have dialled.
const UpgradeTunnel = "whiskaway-tunnel"

// TunnelServer is the header of a tunnel's request that has the incarnation of
// the server that dials.
const TunnelServer = "Whiskaway-Incarnation"

// Registration is what a server says of itself.
type Registration struct {
	Name        string `json:"name,omitempty"`     // the same after a restart; empty: the URL
	URL         string `json:"url,omitempty"`      // where it is reached; empty with Tunnel
	Incarnation string `json:"incarnation"`        // UUID, new at each start
	Tunnel      bool   `json:"tunnel,omitempty"`   // it cannot be reached, and dials itself
	Draining    bool   `json:"draining,omitempty"` // it takes no new work
	Leaving     bool   `json:"leaving,omitempty"`  // goodbye
}

// Membership is a balancer's answer to a Registration.
type Membership struct {
	IntervalMS int64 `json:"interval_ms"` // when to say it again; after three times as long without a word the server is gone
}
