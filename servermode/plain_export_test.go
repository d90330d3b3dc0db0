package servermode

// PlainWaiting is how many callers wait for inits of plain callers in flight.
func (s *Server) PlainWaiting() int { return s.plain.(*plain).inits.callers() }

// Waiting is how many callers wait for runs in flight.
func (s *Server) Waiting() int { return s.activations.callers() }

func (a *activations) callers() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, one := range a.running {
		n += max(one.callers, 1) // what nobody waits for is in flight still
	}
	return n
}
