package policy

import "time"

// Load is what a server reports of itself: counts of runs, of all functions and
// callers together.
type Load struct {
	InFlight int // being executed
	Slots    int // that could be executed at once; 0: unknown
	Queued   int // waiting for a slot
}

// Server is what a fleet knows about one server. Its methods only read.
type Server struct {
	// What each pick reads comes first: in one line of the CPU's cache.
	health   Health
	own      int // runs sent and not ended
	change   int // runs sent less runs ended since the report
	reported Load
	at       time.Time // of the report; zero: none yet
	mark     uint64    // the fleet's last mark, if the server has the function that it was for

	name   string
	hash   uint64
	since  time.Time // of its state of health
	known  bool      // it has answered, also where it is unidentified
	errors record

	runs average // s that a run takes, of all functions: what waits there is made of
	pace average // log of how much longer runs take here than elsewhere
	peak peak    // s from sending to answer
}

// Name is what the server was added as.
func (s *Server) Name() string { return s.name }

// Health is the server's state.
func (s *Server) Health() Health { return s.health }

// InRotation reports whether the server gets runs.
func (s *Server) InRotation() bool { return s.health == Healthy || s.health == Recovering }

// Reported is the last load report and its time, zero if there was none.
func (s *Server) Reported() (Load, time.Time) { return s.reported, s.at }

// InFlight is how many runs this balancer has sent there that have not ended.
func (s *Server) InFlight() int { return s.own }

// Load estimates the runs that are executed or wait there: the last report and
// what was sent since, and never less than this balancer's own.
func (s *Server) Load() int {
	return max(s.own, s.reported.InFlight+s.reported.Queued+s.change)
}

// Slots is how many runs the server executes at once, 1 if it never said.
func (s *Server) Slots() int { return max(1, s.reported.Slots) }

// free is whether a slot is, as far as is known.
func (s *Server) free() bool { return s.Load() < s.Slots() }

// fill is the load per slot.
func (s *Server) fill() float64 { return float64(s.Load()) / float64(s.Slots()) }

// ahead is how many runs have to end before one that is sent now begins. A
// server whose report is stale is taken for full: others may have sent it
// anything since.
func (s *Server) ahead(fresh time.Time) int {
	load, slots := s.Load(), s.Slots()
	if s.at.Before(fresh) {
		load = max(load, slots, s.reported.InFlight+s.reported.Queued+s.own)
	}
	return max(0, load+1-slots)
}
