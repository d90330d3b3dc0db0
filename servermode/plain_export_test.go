package servermode

// PlainWaiting is how many callers wait for inits of plain callers in flight.
func (s *Server) PlainWaiting() int { return s.plain.(*plain).inits.callers() }

// Waiting is how many callers wait for runs in flight.
func (s *Server) Waiting() int { return s.activations.callers() }

func (a *activations) callers() (n int) {
	for i := range a.shards {
		s := &a.shards[i]
		s.mu.Lock()
		for _, one := range s.running {
			n += max(one.callers, 1) // what nobody waits for is in flight still
		}
		s.mu.Unlock()
	}
	return n
}
