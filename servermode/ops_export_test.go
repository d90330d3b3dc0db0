package servermode

import (
	"time"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// Settings are the server's own of this moment.
func (s *Server) Settings() Config { return s.settings().Config }

// SweepWith has the janitor call sweep in place of the table; before Start.
func (s *Server) SweepWith(sweep func(now time.Time)) { s.janitor.Sweep = sweep }

// Silence is as if the last sweep had been completed so long ago.
func (s *Server) Silence(d time.Duration) { s.janitor.Beat(time.Now().Add(-d)) }

// Observer is the server's own.
func (s *Server) Observer() function.Observer { return s.metrics }
