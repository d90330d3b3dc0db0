package servermode

import "github.com/whiskaway/whiskaway/servermode/internal/zygote"

// Forks is what became of the starts of Python functions.
func (s *Server) Forks() zygote.Stats { return s.service.Launcher.Parent.Stats() }

// ParentPID is the process that forks them.
func (s *Server) ParentPID() int { return s.service.Launcher.Parent.PID() }
