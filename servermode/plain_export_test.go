package servermode

import "github.com/whiskaway/whiskaway/servermode/internal/plain"

// PlainWaiting is how many callers wait for inits of plain callers in flight.
func (s *Server) PlainWaiting() int { return s.plain.(*plain.Dialect).Waiting() }

// Waiting is how many callers wait for runs in flight.
func (s *Server) Waiting() int { return s.service.Activations.Callers() }
