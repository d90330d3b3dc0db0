package servermode

import "github.com/whiskaway/whiskaway/servermode/internal/plain"

// PlainWaiting returns how many plain callers wait for inits in flight.
func (s *Server) PlainWaiting() int { return s.plain.(*plain.Dialect).Waiting() }

// Waiting returns how many callers wait for runs in flight.
func (s *Server) Waiting() int { return s.service.Activations.Callers() }
