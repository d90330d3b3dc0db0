package servermode

// PlainWaiting is how many callers wait for inits of plain callers in flight.
func (s *Server) PlainWaiting() int { return s.plain.(*plain).inits.Callers() }

// Waiting is how many callers wait for runs in flight.
func (s *Server) Waiting() int { return s.activations.Callers() }
