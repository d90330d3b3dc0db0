package backend

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/tunnel"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/discovery"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/tasks"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Config is what a Fleet works with. All of it is required.
type Config struct {
	State       *state.State
	CarryOut    func([]state.Effect)
	Settings    func() Settings
	Incarnation string      // of the balancer
	Lease       string      // that it holds at servers
	Hub         *tunnel.Hub // connections that servers have made
	Work        *tasks.Group
	Log         *zap.Logger
}

// Settings may be others after a reload.
type Settings struct {
	CheckEvery   time.Duration // between two health checks of a server
	CheckTimeout time.Duration // a server that takes longer to answer one is not well
	Token        string        // sent to servers; empty: none
	Trust        *x509.CertPool
}

// Fleet is all servers.
type Fleet struct {
	Config
	following following
	known     map[discovery.Server]*Backend // by what of a server lasts; of the goroutine that follows the list
}

// New returns a fleet without servers.
func New(c Config) *Fleet { return &Fleet{Config: c, known: map[discovery.Server]*Backend{}} }

// update makes the members what the list says. One that is known by the same in all
// that matters stays as it is.
func (f *Fleet) update(servers []discovery.Server) {
	now := f.Settings()
	known := make(map[discovery.Server]*Backend, len(servers))
	members, backends := make([]state.Member, len(servers)), make([]*Backend, len(servers))
	for i, listed := range servers {
		b := f.known[lasting(listed)]
		m := state.Member{Name: listed.Name, URL: listed.URL, Tunnel: listed.Tunnel, Fixed: listed.Fixed}
		if b == nil {
			b = f.newBackend(listed, now)
			m.Peer, m.Away = b, listed.Tunnel && !f.Hub.Has(listed.Incarnation)
		} else {
			m.Server = b.server
			if b.draining != listed.Draining {
				b.Check()
			}
		}
		b.draining = listed.Draining
		known[lasting(listed)], members[i], backends[i] = b, m, b
	}
	f.known = known
	f.CarryOut(f.State.ServersListed(members, time.Now()))
	for i, b := range backends {
		if b.server == nil {
			b.server = members[i].Server
			f.watch(b)
		}
	}
}

// Drop ends all memberships: the connections are made with settings that have
// changed. It is not called beside Update.
func (f *Fleet) Drop() {
	clear(f.known)
	f.CarryOut(f.State.ServersDropped(time.Now()))
}

// lasting is a server without what it says again each time, and what the owner may
// say later.
func lasting(s discovery.Server) discovery.Server {
	s.Draining, s.Fixed = false, false
	return s
}

// All are the members by name.
func (f *Fleet) All() []*Backend {
	servers := f.State.Servers()
	all := make([]*Backend, len(servers))
	for i, s := range servers {
		all[i] = Of(s)
	}
	slices.SortFunc(all, func(x, y *Backend) int { return cmp.Compare(x.name, y.name) })
	return all
}

// Errors of Lookup.
var (
	ErrNoServer = errors.New("there is no such server")
	ErrSeveral  = errors.New("it is more than one server")
)

// Lookup is the member that an operator means: by its name, or by its host, with or
// without the port, where no other is meant by that.
func (f *Fleet) Lookup(name string) (found *state.Server, _ error) {
	name = strings.ToLower(strings.TrimRight(name, "/"))
	several := false
	for _, s := range f.State.Servers() {
		if strings.ToLower(s.Name) == name {
			return s, nil
		}
		if Of(s).goesBy(name) {
			several = found != nil
			found = s
		}
	}
	switch {
	case several:
		return nil, fmt.Errorf("%q: %w", name, ErrSeveral)
	case found == nil:
		return nil, fmt.Errorf("%q: %w", name, ErrNoServer)
	}
	return found, nil
}

// CheckedOnce waits until the servers that are listed have been checked once, so that
// a balancer that answers knows them; not for long: some may be away.
func (f *Fleet) CheckedOnce() {
	limit := time.NewTimer(f.Settings().CheckTimeout)
	defer limit.Stop()
	for _, s := range f.State.Servers() {
		select {
		case <-Of(s).checked:
		case <-limit.C:
			return
		}
	}
}

// CloseIdle closes the connections to all.
func (f *Fleet) CloseIdle() {
	for _, s := range f.State.Servers() {
		Of(s).pool.CloseIdle()
		Of(s).probe.CloseIdle()
	}
}

// AppendHeader appends what each request about a function says.
func (f *Fleet) AppendHeader(h upstream.Header, identity, tenant string) upstream.Header {
	h = append(h, upstream.Field{Name: runtimespec.HeaderFunction, Value: identity},
		upstream.Field{Name: runtimespec.HeaderLease, Value: f.Lease},
		upstream.Field{Name: "Content-Type", Value: "application/json"})
	if f.Settings().Token != "" {
		h = append(h, upstream.Field{Name: runtimespec.HeaderTenant, Value: tenant})
	}
	return h
}
