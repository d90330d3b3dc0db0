package state

import (
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// maxRoutes bounds the incarnations that are remembered: behind a server that is a
// balancer there may be many, and a hostile one may make them up.
const maxRoutes = 4096

// route remembers where an incarnation is reached.
func (s *State) route(incarnation string, server *Server) {
	if s.routes[incarnation] == server {
		return
	}
	if len(s.routes) >= maxRoutes { // those stay that checks have seen
		clear(s.routes)
		for _, server := range s.servers {
			if server.incarnation != "" {
				s.routes[server.incarnation] = server
			}
		}
	}
	s.routes[incarnation] = server
}

// Errors of a request that names a server.
var (
	errExecutesNothing error = refusal.New(runtimespec.UnknownActivation, "the balancer executes nothing itself")
	errNotYetHeard     error = refusal.New(runtimespec.Saturated, "the balancer has not heard of all its servers yet")
	errNoSuchServer    error = refusal.New(runtimespec.WrongServer, "the balancer has no such server, or it was restarted")
)

// ByIncarnation is the server that a request is meant for.
func (s *State) ByIncarnation(id string) (*Server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if server := s.routes[id]; server != nil {
		return server, nil
	}
	if id == s.options.Incarnation {
		return nil, errExecutesNothing
	}
	for _, server := range s.servers {
		if server.incarnation == "" { // it may be the one
			return nil, errNotYetHeard
		}
	}
	return nil, errNoSuchServer
}
