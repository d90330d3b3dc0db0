package state

import (
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// Server is one server. Its fields with capitals do not change.
type Server struct {
	Name string
	Peer any // its owner's: how it is reached

	sched       *policy.Server
	listed      Member
	incarnation string // as of the last check; empty: it has not been identified
	changes     int    // number of the last change of its inventory that is known here
	checked     time.Time
	kinds       string // that it runs
	problem     string // why it is given no work, for operators
	runs        [policy.Left + 1]uint64

	servesWhileDraining bool // it was drained here and would still take runs
	awaitingReady       bool // this process has not been ready yet
	carriedOver         bool // it was available before a reload made it a member again
}

// Member is a server that the list names.
type Member struct {
	Name   string
	URL    string
	Tunnel bool // it is reached over a connection that it has made
	Fixed  bool // it stays in the list whatever becomes of it
	Away   bool // a new one cannot be reached yet

	Server *Server // what is known of it; nil: it is new
	Peer   any     // of a new one
}

// available reports whether a server gets runs, and is known to be one.
func (s *Server) available() bool {
	return (s.incarnation != "" || s.carriedOver) && s.sched.InRotation()
}

// ServersListed makes the members of the fleet what the list says. New ones get
// their Server.
func (s *State) ServersListed(all []Member, now time.Time) (fx []Effect) {
	s.mu.Lock()
	defer s.end(&fx)
	stays, named := map[*Server]bool{}, map[string]bool{}
	for _, m := range all {
		named[m.Name] = true
		if m.Server != nil {
			stays[m.Server] = true
			m.Server.listed = m
		}
	}
	for _, server := range s.servers {
		if !stays[server] {
			delete(s.scalingIn, server.Name)
			s.remove(server, now)
		}
	}
	for i := range all {
		if all[i].Server == nil {
			all[i].Server = s.add(all[i], now)
		}
	}
	for name := range s.scalingIn { // a host that comes by the same name is another one
		if !named[name] {
			delete(s.scalingIn, name)
		}
	}
	return nil
}

// add makes a server a member.
func (s *State) add(m Member, now time.Time) *Server {
	server := &Server{Name: m.Name, Peer: m.Peer, listed: m, carriedOver: s.carriedOver[m.Name]}
	if server.carriedOver {
		server.sched = s.fleet.Add(m.Name, now)
	} else {
		server.sched = s.fleet.Announce(m.Name, now) // until it is identified: it may be anything
	}
	s.servers[server.sched] = server
	if m.Away || s.parked(m.Name) {
		s.fleet.Drain(server.sched, now)
	}
	return server
}

// remove ends a membership. Runs in flight there finish.
func (s *State) remove(server *Server, now time.Time) {
	s.fleet.Remove(server.sched, now)
	server.servesWhileDraining = false
	delete(s.servers, server.sched)
	for id, at := range s.routes {
		if at == server {
			delete(s.routes, id)
		}
	}
	s.emit(ServerLeft{server})
}

// ServersDropped ends all memberships. A server that is available and is listed again
// before [State.ServersSettled] need not be identified first.
func (s *State) ServersDropped(now time.Time) (fx []Effect) {
	s.mu.Lock()
	defer s.end(&fx)
	s.carriedOver = map[string]bool{}
	for _, server := range s.servers {
		s.carriedOver[server.Name] = server.available()
		s.remove(server, now)
	}
	return nil
}

// ServersSettled ends what ServersDropped started.
func (s *State) ServersSettled() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.carriedOver = nil
}

// Servers are the members, in no order.
func (s *State) Servers() []*Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Server, 0, len(s.servers))
	for _, server := range s.servers {
		all = append(all, server)
	}
	return all
}

// member reports whether a server still is one.
func (s *State) member(server *Server) bool { return s.servers[server.sched] == server }

// byName is the member of that name; nil if there is none.
func (s *State) byName(name string) *Server {
	for _, server := range s.servers {
		if server.Name == name {
			return server
		}
	}
	return nil
}

// parked reports whether a server is to get no work however well it is.
func (s *State) parked(name string) bool {
	_, leaves := s.scalingIn[name]
	return leaves || s.drained[name]
}
