// Package backend is one server as the balancer reaches it: its connections, its
// health checks, the reading of its inventory. What is found is told to the state.
package backend

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"strings"

	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
)

// Backend is one server.
type Backend struct {
	name      string
	listed    discovery.Server // as its source knew it first
	draining  bool             // as its source knows; of the goroutine that follows the list
	server    *state.Server    // what is believed of it
	target    *url.URL         // where its requests go
	pool      *upstream.Pool   // for what is asked of it
	probe     *upstream.Pool   // for checks: they are no POSTs, and keep a connection of their own
	kick      chan struct{}    // has it checked now
	checked   chan struct{}    // closed when it was checked once
	inventory reading
	end       context.CancelFunc // of its checks
}

// Of is how a server of the state is reached.
func Of(s *state.Server) *Backend { return s.Peer.(*Backend) }

// newBackend is how a server is reached.
func (f *Fleet) newBackend(listed discovery.Server, now Settings) *Backend {
	options := upstream.Options{Token: now.Token}
	if now.Trust != nil || listed.TLSName != "" {
		options.TLS = &tls.Config{RootCAs: now.Trust, ServerName: listed.TLSName}
	}
	if listed.Tunnel {
		options.Dial = f.Hub.Dialer(listed.Incarnation)
	}
	to := target(listed)
	return &Backend{
		name: listed.Name, listed: listed, target: to, pool: upstream.New(to, options), probe: upstream.New(to, options),
		kick: make(chan struct{}, 1), checked: make(chan struct{}),
	}
}

// target is where a server's requests go. What goes through a tunnel has no address
// but the server's incarnation.
func target(s discovery.Server) *url.URL {
	if u, err := upstream.ParseTarget(s.URL, "http"); err == nil && !s.Tunnel {
		return u
	}
	return &url.URL{Scheme: "http", Host: s.Incarnation}
}

// Name is the server's, by which an operator knows it.
func (b *Backend) Name() string { return b.name }

// Send sends a request there.
func (b *Backend) Send(ctx context.Context, r *upstream.Request) (*upstream.Response, error) {
	return b.pool.Send(ctx, r)
}

// Check has the server checked at once: something about it has changed.
func (b *Backend) Check() {
	select {
	case b.kick <- struct{}{}:
	default:
	}
}

// CloseIdle closes the connections on which nothing runs. The server's host may have
// vanished without notice, and when it is back knows nothing of them: the next run
// on one would be lost.
func (b *Backend) CloseIdle() { b.pool.CloseIdle() }

// Leave ends the checks. What is in flight there finishes.
func (b *Backend) Leave() { b.end() }

// Public is what authors are told a server is called: the name that its owner gave
// it. Where it is, is the operator's business and in the log.
func (b *Backend) Public() string {
	name := b.name
	if host, _, err := net.SplitHostPort(name); err == nil {
		name = host // of a tunnel, say
	}
	if strings.Contains(b.name, "://") || net.ParseIP(name) != nil {
		return "a server"
	}
	return name
}

// goesBy reports whether an operator may mean the server by a name: its URL, or the
// host of that, with or without the port. One that came through a tunnel has no
// address but goes by its host and port.
func (b *Backend) goesBy(name string) bool {
	at := b.target
	if b.listed.Tunnel {
		var err error
		if at, err = upstream.ParseTarget(strings.ToLower(b.name), "http"); err != nil {
			return false
		}
	}
	_, host, isURL := strings.Cut(name, "://")
	return at.Host == name || at.Hostname() == name || name == at.String() || b.listed.Tunnel && isURL && at.Host == host
}
