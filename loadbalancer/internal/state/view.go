package state

import (
	"slices"
	"strings"
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// View is one server at some time.
type View struct {
	Member
	Incarnation string // empty: it has not been identified
	Health      policy.Health
	Available   bool // it gets runs, and is known to be a server
	ScalingIn   bool
	Problem     string // why it gets none, for operators

	Sent       int         // runs that this balancer has in flight there
	Load       int         // runs that are executed or wait there, as is believed
	Slots      int         // runs that it executes at once
	Reported   policy.Load // as it said last
	ReportedAt time.Time
	Checked    time.Time               // the last answer to a check; zero: none yet
	Runs       [policy.Left + 1]uint64 // that were sent there, by outcome

	Functions int // that it has
	Cold      int // of them, those without a process
	Moving    int // of them, those that still have their runs here until they are ready elsewhere
	Inits     int // in flight there
}

// Problems of servers that are well.
const (
	problemDrained   = "it was drained here and gets work again when it is returned"
	problemScalingIn = "it has nothing to do and leaves: the owner's hook ends it when its runs are over"
)

// View returns all servers, in the order in which they became members.
func (s *State) View(now time.Time) []View {
	s.mu.Lock()
	defer s.mu.Unlock()
	order := s.fleet.Servers()
	all, at := make([]View, len(order)), make(map[*policy.Server]*View, len(order))
	for i, sched := range order {
		all[i] = s.view(s.servers[sched])
		at[sched] = &all[i]
	}
	for _, f := range s.functions {
		if f.moves(now) {
			at[f.move.from.sched].Moving++
		}
		for server := range f.inits {
			if v := at[server.sched]; v != nil {
				v.Inits++
			}
		}
		for _, c := range f.sched.Copies() {
			if v := at[c.Server()]; v != nil {
				v.Functions++
				if c.Cold() {
					v.Cold++
				}
			}
		}
	}
	return all
}

func (s *State) view(server *Server) View {
	v := View{
		Member: server.listed, Incarnation: server.incarnation, Health: server.sched.Health(), Available: server.available(),
		Problem: server.problem, Sent: server.sched.InFlight(), Load: server.sched.Load(), Slots: server.sched.Slots(), Checked: server.checked, Runs: server.runs,
	}
	v.Reported, v.ReportedAt = server.sched.Reported()
	_, v.ScalingIn = s.scalingIn[server.Name]
	switch {
	case v.Problem != "":
	case s.drained[server.Name]:
		v.Problem = problemDrained
	case v.ScalingIn:
		v.Problem = problemScalingIn
	}
	return v
}

// Kinds are those that any server runs, and whether any is available.
func (s *State) Kinds() (all []string, available bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, server := range s.servers {
		available = available || server.available()
		for kind := range strings.SplitSeq(server.kinds, ",") {
			if kind = strings.TrimSpace(kind); kind != "" {
				all = append(all, kind)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), available
}

// Load is what all servers together say of themselves, and what was sent since.
func (s *State) Load() runtimespec.Load {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := runtimespec.Load{CPU: -1}
	for _, server := range s.fleet.Servers() {
		if server.InRotation() {
			queued := max(0, server.Load()-server.Slots())
			sum.Slots += server.Slots()
			sum.Queued += queued
			sum.InFlight += server.Load() - queued
		}
	}
	sum.Queued += s.queue.Len()
	return sum
}

// Counts are how many servers and functions are known, and runs are queued.
func (s *State) Counts() (servers, functions, queued int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.servers), len(s.functions), s.queue.Len()
}

// Leases are how many there are of a function.
func (s *State) Leases(k Key) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.functions[k]; f != nil {
		return len(f.leases)
	}
	return 0
}

// Awaited reports whether a run's end is waited for by another of its activation.
func (s *State) Awaited() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.runs {
		if r.Over != nil {
			return true
		}
	}
	return false
}
