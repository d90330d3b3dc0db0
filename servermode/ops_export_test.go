package servermode

import (
	"time"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// Settings returns the current configuration.
func (s *Server) Settings() Config { return s.settings().Config }

// SweepWith makes the janitor call sweep instead of the table's. Call it before
// Start.
func (s *Server) SweepWith(sweep func(now time.Time)) { s.janitor.Sweep = sweep }

// Silence pretends that the last sweep was completed so long ago.
func (s *Server) Silence(d time.Duration) { s.janitor.Beat(time.Now().Add(-d)) }

// Observer returns the server's own.
func (s *Server) Observer() function.Observer { return s.metrics }
